package main

import (
	"github.com/spf13/pflag"

	"github.com/sdl-batch/sdl-batch/jobs/label"
)

// addCompute adds the flags that change how fast a job is, never what it gives.
func addCompute(f *pflag.FlagSet, c *label.Compute) {
	f.StringVar(&c.Device, "device", "auto", "auto, cpu, cuda[:i], tensorrt[:i] or webgpu; a named one never falls back")
	f.StringVar(&c.Library, "ort-lib", "", "path of the ONNX Runtime library (default: SDL_ORT_LIB, beside the program, system paths)")
	f.IntVar(&c.BatchSize, "batch", 0, "images inferred at once (default: by device)")
	f.IntVar(&c.Threads, "threads", 0, "threads of the CPU session (default: all cores)")
	f.IntVar(&c.Decoders, "decoders", 0, "images decoded at once (default: all cores)")
	f.IntVar(&c.Fetch.Workers, "fetchers", 0, "images read at once (default: 32)")
}
