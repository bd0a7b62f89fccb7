package main

import (
	"fmt"
	"os"
	"runtime/debug"
	"runtime/metrics"

	"github.com/sdl-batch/sdl-batch/jobs/doctor"
	"github.com/sdl-batch/sdl-batch/jobs/label"
)

// bounded returns a handler that sees to it that a job stays within the memory
// that it says it needs, and hands all events on to show.
func bounded(show label.Handler) label.Handler {
	return func(e label.Event) {
		show(e)
		b, ok := e.(label.Bounded)
		if !ok {
			return
		}
		need := heldMemory() + b.Bytes
		setMemoryLimit(need - b.Bytes/10) // the runtime may overshoot
		if most, limited := doctor.MemoryLimit(os.DirFS("/")); limited && most < need {
			show(label.Warned{Message: fmt.Sprintf("this process may have %s of memory, and the largest images and manifest could make it need %s beside the model's own: "+
				"raise the limit, or lower --decoders, --fetchers and --batch", bytesText(most), bytesText(need))})
		}
	}
}

// setMemoryLimit makes the runtime collect garbage before the program's own
// memory exceeds bytes: otherwise it may reach twice of what is in use. A lower
// limit that GOMEMLIMIT has set stays.
func setMemoryLimit(bytes int64) {
	if bytes < debug.SetMemoryLimit(-1) {
		debug.SetMemoryLimit(bytes)
	}
}

// heldMemory is what counts against the limit now.
func heldMemory() int64 {
	samples := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(samples)
	return int64(samples[0].Value.Uint64() - samples[1].Value.Uint64())
}
