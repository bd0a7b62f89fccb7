package label

import (
	"unsafe"

	"github.com/sdl-batch/sdl-batch/jobs/engine"
	"github.com/sdl-batch/sdl-batch/pipeline"
	"github.com/sdl-batch/sdl-batch/stages/decode"
	"github.com/sdl-batch/sdl-batch/stages/write"
)

// Bounded: from here on, labelling takes at most so many bytes beside what the
// process holds now and the inference session's own memory.
type Bounded struct{ Bytes int64 }

// Event implements the interface.
func (Bounded) Event() {}

const (
	// textBytes is what the sum takes for the name and the carried values of a row.
	// Up to 64 KiB and 1 MiB are possible.
	textBytes = 256
	// batchText closes a batch whose rows' names and carried values are long.
	batchText = 4 << 20
	// batches are those between decoding and writing, open ones counted.
	batches = 12
	// rejectBytes is what a row takes in a batch beside its text.
	rejectBytes = 512
	// manifestDepth is how many rows may wait for being fetched.
	manifestDepth = 256
	// objectDepth is how many objects may wait for being decoded.
	objectDepth = 64
)

// memory is the sum of pipeline/doc.go in bytes.
func (w *wiring) memory() int64 {
	d := w.in.Description()
	spec, batch, matrix := engine.DecodeSpec(d), int64(w.engine.Batch), int64(d.Rows)*int64(d.Dim)
	ranks := 2 * int64(w.run.plan.Identity.TopK)
	rows := int64(0)
	for _, s := range w.todo {
		rows = max(rows, s.Rows)
	}
	total := w.options.Fetch.Memory() + decode.Limits{}.StageMemory(spec, w.options.Workers())
	total += slabs * batch * (int64(spec.Size*spec.Size*3) + 4*matrix)
	total += batches * (batch*(rejectBytes+8*ranks) + decode.MaxRejects*rejectBytes + batchText)
	total += (manifestDepth + w.options.Fetch.Rows() + objectDepth) * (int64(unsafe.Sizeof(pipeline.Object{})) + textBytes)
	return total + openShards*write.ShardMemory(rows, ranks, matrix, textBytes)
}
