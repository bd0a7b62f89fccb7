package engine

import (
	"fmt"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/model/ort"
)

// Runtime is the loaded library and the device and threads that sessions take.
type Runtime struct {
	Library ort.Library
	Options ort.Options
}

// Runtime loads the library that c names.
func (c Compute) Runtime() (Runtime, error) {
	device, err := c.device()
	if err != nil {
		return Runtime{}, fmt.Errorf("%w: %w", jobs.ErrConfig, err)
	}
	path, err := ort.Find(c.Library, c.LibraryEnv)
	if err != nil {
		return Runtime{}, err
	}
	library, err := ort.Load(path)
	if err != nil {
		return Runtime{}, fmt.Errorf("%w: %w", jobs.ErrConfig, err)
	}
	return Runtime{Library: library, Options: ort.Options{Device: device, Threads: orCores(c.Threads)}}, nil
}

// Batch is how many images to infer at once on a device, where rows are to come.
func (c Compute) Batch(d ort.Device, rows int64) int { return c.batch(d, rows) }

// NewScorer makes a scorer that only scores.
func NewScorer(in *Inputs) (*ort.Scorer, error) { return newScorer(in, 0) }
