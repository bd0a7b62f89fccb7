// Package engine holds what jobs compute with: the model and the vocabulary, the
// runtime and the device, and how they tell what happens meanwhile.
package engine

import (
	"errors"
	"fmt"
	"runtime"

	"github.com/sdl-batch/sdl-batch/model/ort"
	"github.com/sdl-batch/sdl-batch/stages/fetch"
)

// Compute says what to work with. It never changes the output beyond float
// noise. Zero values are chosen from the machine.
type Compute struct {
	Library    string // path of ONNX Runtime; "" searches
	LibraryEnv string // the same from the environment, second in line
	Device     string // auto, cpu, cuda[:i], tensorrt[:i], webgpu; "" is auto
	BatchSize  int    // images inferred at once
	Threads    int    // of the CPU session
	Decoders   int    // images decoded at once
	Fetch      fetch.Config
}

// Validate reports every problem at once.
func (c Compute) Validate() error {
	var problems []error
	check := func(value, most int, what string) {
		if value < 0 || value > most {
			problems = append(problems, fmt.Errorf("%s %d: want 1 to %d", what, value, most))
		}
	}
	check(c.BatchSize, 4096, "batch size")
	check(c.Threads, 1024, "threads")
	check(c.Decoders, 1024, "decoders")
	check(c.Fetch.Workers, 4096, "fetchers")
	if _, err := c.device(); err != nil {
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}

func (c Compute) device() (ort.Device, error) {
	if c.Device == "" {
		return ort.ParseDevice("auto")
	}
	return ort.ParseDevice(c.Device)
}

// Workers is how many images are decoded at once.
func (c Compute) Workers() int { return orCores(c.Decoders) }

func orCores(n int) int {
	if n > 0 {
		return n
	}
	return runtime.GOMAXPROCS(0)
}

// Default batch sizes: on a processor a small batch keeps activations near the
// cores; an accelerator wants to be filled.
const (
	batchCPU         = 8
	batchAccelerator = 64
)

// batch is how many of rows images are inferred at once on a device.
func (c Compute) batch(d ort.Device, rows int64) int {
	size := batchAccelerator
	switch {
	case c.BatchSize > 0:
		size = c.BatchSize
	case d.Provider == ort.CPU:
		size = batchCPU
	}
	return int(min(int64(size), rows))
}

// batchBytes bounds the matrices of a batch whose size nobody chose.
const batchBytes = 64 << 20

// batchFor is batch for matrices of so many values: fewer where they are large.
// An encoder that takes a fixed number of images gets whole runs.
func (c Compute) batchFor(e *ort.Embedder, rows int64) int {
	size := c.batch(e.Device(), rows)
	if c.BatchSize == 0 {
		size = min(size, max(1, batchBytes/(4*e.Rows()*e.Dim())))
	}
	if run := e.Batch(); run > 0 {
		size = (size + run - 1) / run * run
	}
	return size
}
