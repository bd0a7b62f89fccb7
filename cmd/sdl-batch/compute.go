package main

import (
	"github.com/spf13/cobra"

	"github.com/sdl-batch/sdl-batch/jobs/engine"
)

// addCompute adds the flags that change how fast a job is, never what it gives.
func addCompute(to *cobra.Command, c *engine.Compute) {
	to.Flags().IntVar(&c.BatchSize, "batch", 0, "images inferred at once (default: by device)")
	addDevice(to, c)
}

// addDevice is addCompute for a command whose batches mean something else.
func addDevice(to *cobra.Command, c *engine.Compute) {
	f := to.Flags()
	f.StringVar(&c.Device, "device", "auto", "auto, cpu, cuda[:i], tensorrt[:i] or webgpu; a named one never falls back")
	f.StringVar(&c.Library, "ort-lib", "", "path of the ONNX Runtime library (default: SDL_ORT_LIB, beside the program, system paths)")
	f.IntVar(&c.Threads, "threads", 0, "threads of the CPU session (default: all cores)")
	f.IntVar(&c.Decoders, "decoders", 0, "images decoded at once (default: all cores)")
	f.IntVar(&c.Fetch.Workers, "fetchers", 0, "images read at once (default: 32)")
	complete(to, "device", "auto", "cpu", "cuda", "tensorrt", "webgpu")
}

// complete tells the shell which values a flag takes.
func complete(c *cobra.Command, flag string, values ...string) {
	if err := c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic("main: " + err.Error())
	}
}

// positive refuses flags that were given as 0, which would read as their default.
func positive(c *cobra.Command, names ...string) error {
	for _, name := range names {
		if f := c.Flags().Lookup(name); f.Changed && f.Value.String() == "0" {
			return usage("--%s 0: want 1 or more", name)
		}
	}
	return nil
}
