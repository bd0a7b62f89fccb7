package loss_test

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/sdl-batch/sdl-batch/model/golden"
	"github.com/sdl-batch/sdl-batch/model/onnxgraph"
	"github.com/sdl-batch/sdl-batch/model/ort"
	"github.com/sdl-batch/sdl-batch/model/ort/orttest"
	"github.com/sdl-batch/sdl-batch/training/autodiff"
	"github.com/sdl-batch/sdl-batch/training/loss"
)

// lossCase is what the golden file tells of a case.
type lossCase struct {
	Name                       string
	Batch, Classes, Dim, Rows  int
	VarWeight                  *float64 `json:"var_weight"`
	x, wordvec, y, value, grad []float32
}

func cases(t *testing.T) []lossCase {
	file := golden.Read(t, "sdl_loss")
	var meta struct{ Cases []lossCase }
	if err := json.Unmarshal(file.Meta, &meta); err != nil {
		t.Fatal(err)
	}
	for i := range meta.Cases {
		c := &meta.Cases[i]
		part := func(name string) []float32 { return file.Tensors[c.Name+"_"+name].Values }
		c.x, c.wordvec, c.y, c.value, c.grad = part("x"), part("wordvec"), part("y"), part("loss"), part("grad_x")
	}
	if len(meta.Cases) == 0 {
		t.Fatal("no cases")
	}
	return meta.Cases
}

// The reference's loss and its gradient with respect to the embedding.
func TestLossMatchesReference(t *testing.T) {
	orttest.Load(t)
	for _, c := range cases(t) {
		t.Run(c.Name, func(t *testing.T) {
			value, gradient := c.compute(t)
			off := math.Abs(float64(value-c.value[0])) / math.Abs(float64(c.value[0]))
			e := golden.RelativeError(gradient, c.grad)
			t.Logf("loss %.2g off, gradient %.2g", off, e)
			if !(off < 1e-5) {
				t.Errorf("loss %v, want %v", value, c.value[0])
			}
			if !(e < 1e-4) {
				t.Errorf("gradient's relative error %.3g", e)
			}
		})
	}
}

func (c lossCase) compute(t *testing.T) (float32, []float32) {
	config := loss.Config{Plain: c.VarWeight == nil}
	if c.VarWeight != nil {
		config.Regulariser = *c.VarWeight
	}
	vectors := make([]float32, len(c.wordvec))
	for d := range c.Dim {
		for tag := range c.Classes {
			vectors[tag*c.Dim+d] = c.wordvec[d*c.Classes+tag]
		}
	}
	targets := loss.NewTargets(config, vectors, c.Dim, c.Batch, c.Classes)
	for i := range c.Batch {
		var positives []int32
		for tag, y := range c.y[i*c.Classes:][:c.Classes] {
			if y > 0 {
				positives = append(positives, int32(tag))
			}
		}
		if err := targets.Set(i, positives, nil); err != nil {
			t.Fatal(err)
		}
	}
	b := onnxgraph.New("loss")
	x := b.Input("x", onnxgraph.Float32, onnxgraph.Sizes(c.Batch, c.Dim*c.Rows)...)
	embedding := b.Transpose(b.Reshape(x, c.Batch, c.Dim, c.Rows), 0, 2, 1)
	terms := loss.Graph(b, embedding, c.Rows, targets)
	gradients, err := autodiff.Gradients(b, terms.Loss, []*onnxgraph.Value{x})
	if err != nil {
		t.Fatal(err)
	}
	b.Output("loss", terms.Loss, onnxgraph.Float32, onnxgraph.Size(1))
	b.Output("gradient", gradients[0], onnxgraph.Float32, onnxgraph.Sizes(c.Batch, c.Dim*c.Rows)...)
	value, gradient := make([]float32, 1), make([]float32, len(c.x))
	places := []int{c.Batch, c.Classes}
	evaluate(t, b,
		[]ort.Tensor{
			ort.Lend(c.x, c.Batch, c.Dim*c.Rows), ort.Lend(targets.Positives, places...), ort.Lend(targets.Pairs, places...),
			ort.Lend(targets.Alone, places...), ort.Lend(targets.Negatives, places...),
		},
		[]ort.Tensor{ort.Lend(value, 1), ort.Lend(gradient, c.Batch, c.Dim*c.Rows)})
	return value[0], gradient
}

func evaluate(t *testing.T, b *onnxgraph.Builder, in, out []ort.Tensor) {
	t.Helper()
	model, err := b.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	s, err := ort.NewSession(model, ort.Options{Device: ort.Device{Provider: ort.CPU}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Run(t.Context(), in, out); err != nil {
		t.Fatal(err)
	}
}
