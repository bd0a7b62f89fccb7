package autodiff_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/sdl-batch/sdl-batch/model/onnxgraph"
	"github.com/sdl-batch/sdl-batch/model/ort"
	"github.com/sdl-batch/sdl-batch/model/ort/orttest"
	"github.com/sdl-batch/sdl-batch/model/tensor"
	"github.com/sdl-batch/sdl-batch/training/autodiff"
)

// operator is a computation to differentiate.
type operator struct {
	name   string
	shapes [][]int // of the inputs
	build  func(b *onnxgraph.Builder, in []*onnxgraph.Value) *onnxgraph.Value
	// values makes the inputs' elements; nil: normal
	values func(r *rand.Rand) float32
}

// check compares the gradient of Σ r·build(in), r random, with central
// differences in every element of every input.
func check(t *testing.T, operators []operator) {
	t.Helper()
	orttest.Load(t)
	for _, op := range operators {
		t.Run(op.name, func(t *testing.T) { op.check(t) })
	}
}

func (op operator) check(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	inputs := make([][]float32, len(op.shapes))
	for i, s := range op.shapes {
		inputs[i] = make([]float32, tensor.Count(s))
		for j := range inputs[i] {
			inputs[i][j] = float32(r.NormFloat64())
			if op.values != nil {
				inputs[i][j] = op.values(r)
			}
		}
	}
	forward := op.session(t, false)
	backward := op.session(t, true)
	gradients := run(t, backward, op.shapes, inputs)
	for i := range inputs {
		compare(t, fmt.Sprintf("input %d", i), gradients[1+i], op.differences(t, forward, inputs, i))
	}
}

// session computes the weighted sum and, where asked, its gradients.
func (op operator) session(t *testing.T, backward bool) *ort.Session {
	t.Helper()
	b := onnxgraph.New("check")
	var in []*onnxgraph.Value
	for i, s := range op.shapes {
		in = append(in, b.Input(fmt.Sprint("x", i), onnxgraph.Float32, onnxgraph.Sizes(s...)...))
	}
	flat := b.Reshape(op.build(b, in), 1, -1)
	y := b.Reshape(b.Sums(b.Mul(b.Mul(flat, flat), b.Scalar(0.5)), 0, 1), 1)
	y = b.Add(y, b.Reshape(b.Sums(flat, 0, 1), 1))
	b.Output("y", y, onnxgraph.Float32, onnxgraph.Size(1))
	if backward {
		gradients, err := autodiff.Gradients(b, y, in)
		if err != nil {
			t.Fatal(err)
		}
		for i, g := range gradients {
			if g == nil {
				t.Fatalf("no gradient of input %d", i)
			}
			b.Output(fmt.Sprint("g", i), g, onnxgraph.Float32, onnxgraph.Sizes(op.shapes[i]...)...)
		}
	}
	model, err := b.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	s, err := ort.NewSession(model, ort.Options{Device: ort.Device{Provider: ort.CPU}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// run returns the outputs: the sum, then gradients in the inputs' shapes.
func run(t *testing.T, s *ort.Session, shapes [][]int, inputs [][]float32) [][]float32 {
	t.Helper()
	var in, out []ort.Tensor
	results := [][]float32{make([]float32, 1)}
	out = append(out, ort.Lend(results[0], 1))
	for i, x := range inputs {
		in = append(in, ort.Lend(x, shapes[i]...))
		if len(s.Model.Outputs) > 1 {
			results = append(results, make([]float32, len(x)))
			out = append(out, ort.Lend(results[1+i], shapes[i]...))
		}
	}
	if err := s.Run(t.Context(), in, out); err != nil {
		t.Fatal(err)
	}
	return results
}

// step is small against the inputs and large against float32's rounding.
const step = 1.0 / 128

func (op operator) differences(t *testing.T, s *ort.Session, inputs [][]float32, of int) []float32 {
	out := make([]float32, len(inputs[of]))
	for j, x := range inputs[of] {
		inputs[of][j] = x + step
		above := run(t, s, op.shapes, inputs)[0][0]
		inputs[of][j] = x - step
		below := run(t, s, op.shapes, inputs)[0][0]
		inputs[of][j] = x
		out[j] = (above - below) / (2 * step)
	}
	return out
}

// compare fails where two vectors differ by more than 1 % of their length.
func compare(t *testing.T, what string, got, want []float32) {
	t.Helper()
	var difference, length float64
	for i := range want {
		d := float64(got[i]) - float64(want[i])
		difference += d * d
		length += float64(want[i]) * float64(want[i])
	}
	if e := math.Sqrt(difference / length); !(e < 0.01) {
		t.Errorf("%s: relative error %.3g\n got %v\nwant %v", what, e, got[:min(8, len(got))], want[:min(8, len(want))])
	}
}

// away keeps values off 0, where a slope jumps.
func away(r *rand.Rand) float32 {
	x := 0.2 + r.Float32()
	if r.IntN(2) == 0 {
		return -x
	}
	return x
}

func positive(r *rand.Rand) float32 { return 0.5 + r.Float32() }
