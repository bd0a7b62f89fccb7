package onnxgraph_test

import (
	"context"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sdl-batch/sdl-batch/model/onnxgraph"
	"github.com/sdl-batch/sdl-batch/model/ort"
	"github.com/sdl-batch/sdl-batch/model/ort/orttest"
	"github.com/sdl-batch/sdl-batch/model/tensor"
)

// Each operator is run in the runtime and gives what its definition says, worked
// out by hand.
func TestOperators(t *testing.T) {
	orttest.Load(t)
	type builder = *onnxgraph.Builder
	type value = *onnxgraph.Value
	square := tensor.Tensor{Shape: []int{1, 1, 3, 3}, Values: []float32{1, 2, 3, 4, 5, 6, 7, 8, 9}}
	pair := tensor.Tensor{Shape: []int{2, 2}, Values: []float32{3, -1, -4, 2}}
	ones := func(b builder, shape ...int) value {
		w := tensor.New(shape...)
		for i := range w.Values {
			w.Values[i] = 1
		}
		return b.Constant("", w)
	}
	tests := []struct {
		name  string
		x     tensor.Tensor
		apply func(b builder, x value) value
		shape []int
		want  []float32
	}{
		{"conv", square, func(b builder, x value) value {
			return b.Conv(x, ones(b, 1, 1, 2, 2), ones(b, 1), onnxgraph.Convolution{Kernel: [2]int{2, 2}})
		}, []int{1, 1, 2, 2}, []float32{13, 17, 25, 29}},
		{"conv with stride and pads, no bias", square, func(b builder, x value) value {
			return b.Conv(x, ones(b, 1, 1, 3, 3), nil, onnxgraph.Convolution{Kernel: [2]int{3, 3}, Stride: 2, Pads: onnxgraph.Around(1)})
		}, []int{1, 1, 2, 2}, []float32{12, 16, 24, 28}},
		{"average pool without counting pads", square, func(b builder, x value) value {
			return b.AveragePool(x, 2, 2, onnxgraph.Pads{Bottom: 1, Right: 1})
		}, []int{1, 1, 2, 2}, []float32{3, 4.5, 7.5, 9}},
		{"global average pool", square, builder.GlobalAveragePool, []int{1, 1, 1, 1}, []float32{5}},
		{"repeat", tensor.Tensor{Shape: []int{1, 2, 1, 1}, Values: []float32{7, 8}}, func(b builder, x value) value {
			return b.Repeat(x, 1, 2)
		}, []int{1, 2, 1, 2}, []float32{7, 7, 8, 8}},
		{"space to depth", tensor.Tensor{Shape: []int{1, 1, 2, 2}, Values: []float32{1, 2, 3, 4}}, func(b builder, x value) value {
			return b.SpaceToDepth(x, 2)
		}, []int{1, 4, 1, 1}, []float32{1, 2, 3, 4}},
		{"add", pair, func(b builder, x value) value { return b.Add(x, b.Scalar(1)) }, []int{2, 2}, []float32{4, 0, -3, 3}},
		{"sub", pair, func(b builder, x value) value { return b.Sub(x, b.Scalar(1)) }, []int{2, 2}, []float32{2, -2, -5, 1}},
		{"mul", pair, func(b builder, x value) value { return b.Mul(x, b.Scalar(2)) }, []int{2, 2}, []float32{6, -2, -8, 4}},
		{"div", pair, func(b builder, x value) value { return b.Div(x, b.Scalar(2)) }, []int{2, 2}, []float32{1.5, -.5, -2, 1}},
		{"max", pair, func(b builder, x value) value { return b.Max(x, b.Scalar(0)) }, []int{2, 2}, []float32{3, 0, 0, 2}},
		{"relu", pair, builder.Relu, []int{2, 2}, []float32{3, 0, 0, 2}},
		{"leaky relu", pair, func(b builder, x value) value { return b.LeakyRelu(x, .25) }, []int{2, 2}, []float32{3, -.25, -1, 2}},
		{"sigmoid", pair, builder.Sigmoid, []int{2, 2}, []float32{sigmoid(3), sigmoid(-1), sigmoid(-4), sigmoid(2)}},
		{"matmul", pair, func(b builder, x value) value { return b.MatMul(x, ones(b, 2, 1)) }, []int{2, 1}, []float32{2, -2}},
		{"cast", pair, func(b builder, x value) value {
			return b.Cast(b.Cast(b.Mul(x, b.Scalar(.4)), onnxgraph.Int32), onnxgraph.Float32)
		}, []int{2, 2}, []float32{1, 0, -1, 0}},
		{"reshape", pair, func(b builder, x value) value { return b.Reshape(x, 0, 1, -1) }, []int{2, 1, 2}, []float32{3, -1, -4, 2}},
		{"transpose", pair, func(b builder, x value) value { return b.Transpose(x, 1, 0) }, []int{2, 2}, []float32{3, -4, -1, 2}},
		{"concat", pair, func(b builder, x value) value { return b.Concat(1, x, b.Relu(x)) }, []int{2, 4}, []float32{3, -1, 3, 0, -4, 2, 0, 2}},
		{"reduce max", pair, func(b builder, x value) value { return b.ReduceMax(x, 0) }, []int{2}, []float32{3, 2}},
		{"reduce mean", pair, func(b builder, x value) value { return b.ReduceMean(x, 1) }, []int{2}, []float32{1, -1}},
		{"reduce l2", pair, func(b builder, x value) value { return b.ReduceL2(x, 0) }, []int{1, 2}, []float32{5, float32(math.Sqrt(5))}},
		{"top-k", square, func(b builder, x value) value { v, _ := b.TopK(x, 2, 3); return v }, []int{1, 1, 3, 2}, []float32{3, 2, 6, 5, 9, 8}},
		{"gather elements", pair, func(b builder, x value) value {
			_, i := b.TopK(x, 2, 1)
			return b.GatherElements(x, i, 1)
		}, []int{2, 2}, []float32{3, -1, 2, -4}},
		{"identity", pair, builder.Identity, []int{2, 2}, pair.Values},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := compute(t, tt.x, tt.shape, tt.apply)
			if diff := cmp.Diff(tt.want, got, cmpopts.EquateApprox(1e-6, 1e-6)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// One value can be an output twice, and an input or constant can be one.
func TestOutputsOfAnyValue(t *testing.T) {
	orttest.Load(t)
	b := onnxgraph.New("outputs")
	x := b.Input("x", onnxgraph.Float32, onnxgraph.Size(1))
	y := b.Add(x, x)
	b.Output("double", y, onnxgraph.Float32, onnxgraph.Size(1))
	b.Output("again", y, onnxgraph.Float32, onnxgraph.Size(1))
	b.Output("same", x, onnxgraph.Float32, onnxgraph.Size(1))
	out := make([][]float32, 3)
	var lent []ort.Tensor
	for i := range out {
		out[i] = make([]float32, 1)
		lent = append(lent, ort.Lend(out[i], 1))
	}
	run(t, b, []ort.Tensor{ort.Lend([]float32{21}, 1)}, lent)
	if diff := cmp.Diff([][]float32{{42}, {42}, {21}}, out); diff != "" {
		t.Error(diff)
	}
}

func compute(t *testing.T, x tensor.Tensor, shape []int, apply func(*onnxgraph.Builder, *onnxgraph.Value) *onnxgraph.Value) []float32 {
	t.Helper()
	b := onnxgraph.New(t.Name())
	y := apply(b, b.Input("x", onnxgraph.Float32, onnxgraph.Sizes(x.Shape...)...))
	b.Output("y", y, onnxgraph.Float32, onnxgraph.Sizes(shape...)...)
	out := tensor.New(shape...)
	run(t, b, []ort.Tensor{ort.Lend(x.Values, x.Shape...)}, []ort.Tensor{ort.Lend(out.Values, shape...)})
	return out.Values
}

func run(t *testing.T, b *onnxgraph.Builder, in, out []ort.Tensor) {
	t.Helper()
	model, err := b.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	s, err := ort.NewSession(model, ort.Options{Device: ort.Device{Provider: ort.CPU}, Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Run(context.Background(), in, out); err != nil {
		t.Fatal(err)
	}
}

func sigmoid(x float64) float32 { return float32(1 / (1 + math.Exp(-x))) }
