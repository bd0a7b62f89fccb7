package evaluate

import (
	"math"
	"slices"
	"testing"

	"github.com/sdl-batch/sdl-batch/jobs/engine"
	"github.com/sdl-batch/sdl-batch/model/ort/orttest"
	"github.com/sdl-batch/sdl-batch/training/evaluate"
	"github.com/sdl-batch/sdl-batch/training/images"
	"github.com/sdl-batch/sdl-batch/training/labels"
)

// TestAnEmbeddingThatIsNotFiniteIsRejected: the others of its chunk are scored.
func TestAnEmbeddingThatIsNotFiniteIsRejected(t *testing.T) {
	in, err := engine.Sources{}.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	e, err := engine.New(t.Context(), in, 0, engine.Compute{Library: orttest.Load(t).Path, Device: "cpu", Threads: 1}, 3)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	s := &scoring{
		engine: e, result: evaluate.New(in.Vocab, evaluate.Options{}), count: engine.NewCounter(engine.Serial(nil), 3),
		matrix: e.Embedder.Rows() * e.Embedder.Dim(), tags: in.Vocab.Len(), rejects: newRejects(),
	}
	s.embeddings = slices.Repeat([]float32{0.5}, 3*s.matrix)
	s.embeddings[s.matrix+1] = float32(math.NaN())
	var items []images.Item
	for i := range int64(3) {
		items = append(items, images.Item{Position: i, Row: labels.Row{Number: 10 + i, URI: "s3://user:secret@b/x", Positives: []int32{int32(i)}}})
	}
	if err := s.scoreChunk(t.Context(), items); err != nil {
		t.Fatal(err)
	}
	if s.rejects.Count != 1 || s.rejects.Codes["infer/not_finite"] != 1 || s.rejects.First[0].Row != 11 || s.rejects.First[0].URI != "s3://b/x" {
		t.Errorf("rejects %+v", s.rejects)
	}
	if r := s.result.Result(); r.Images != 2 || r.Tags[1].Positives != 0 || r.Tags[2].Positives != 1 || s.count.Rows() != 3 {
		t.Errorf("%d images, %d rows", r.Images, s.count.Rows())
	}
}
