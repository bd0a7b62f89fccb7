package foreign

import (
	"encoding/binary"

	"github.com/sdl-batch/sdl-batch/model/onnxgraph"
	"github.com/sdl-batch/sdl-batch/model/onnxgraph/onnxpb"
)

// values are the contents of stored tensors, kept apart while the rest of a model
// is worked on, so that they are copied once. A tensor holds, meanwhile, where its
// content is: the first byte and the length, in model and behind it added.
type values struct {
	model, added []byte
}

const placeBytes = 16

// cut returns the model with places for contents.
func (v *values) cut() ([]byte, error) {
	return onnxgraph.MapRawData(v.model, func(at int, raw []byte) []byte { return place(at, len(raw)) })
}

// join returns a model with contents for places.
func (v *values) join(light []byte) ([]byte, error) {
	return onnxgraph.MapRawData(light, func(_ int, place []byte) []byte { return v.content(place) })
}

// add takes the content of a new tensor.
func (v *values) add(t *onnxpb.TensorProto) {
	at := len(v.model) + len(v.added)
	v.added = append(v.added, t.RawData...)
	t.RawData = place(at, len(t.RawData))
}

func place(at, n int) []byte {
	p := binary.LittleEndian.AppendUint64(make([]byte, 0, placeBytes), uint64(at))
	return binary.LittleEndian.AppendUint64(p, uint64(n))
}

// content is what stands at a place that cut or add made.
func (v *values) content(place []byte) []byte {
	at, n := int(binary.LittleEndian.Uint64(place)), int(binary.LittleEndian.Uint64(place[8:]))
	if at >= len(v.model) {
		return v.added[at-len(v.model):][:n]
	}
	return v.model[at:][:n]
}
