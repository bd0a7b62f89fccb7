package autodiff_test

import (
	"testing"

	"github.com/sdl-batch/sdl-batch/model/onnxgraph"
)

type (
	builder = onnxgraph.Builder
	value   = onnxgraph.Value
)

func TestElementwise(t *testing.T) {
	var list []operator
	for _, shapes := range [][][]int{{{2, 3}, {2, 3}}, {{2, 3}, {3}}, {{2, 1, 4}, {3, 1}}, {{1}, {2, 3}}, {{2, 3, 2, 2}, {1, 3, 1, 1}}} {
		list = append(list,
			operator{name: "add", shapes: shapes, build: func(b *builder, in []*value) *value { return b.Add(in[0], in[1]) }},
			operator{name: "sub", shapes: shapes, build: func(b *builder, in []*value) *value { return b.Sub(in[0], in[1]) }},
			operator{name: "mul", shapes: shapes, build: func(b *builder, in []*value) *value { return b.Mul(in[0], in[1]) }},
			operator{name: "div", shapes: shapes, values: positive, build: func(b *builder, in []*value) *value { return b.Div(in[0], in[1]) }},
		)
	}
	check(t, list)
}

// Values that are used twice, and gradients that are constant along an axis
// when they reach a broadcasting operator.
func TestSharedAndConstantGradients(t *testing.T) {
	check(t, []operator{
		{name: "square", shapes: [][]int{{2, 3}}, build: func(b *builder, in []*value) *value { return b.Mul(in[0], in[0]) }},
		{name: "twice", shapes: [][]int{{2, 3}}, build: func(b *builder, in []*value) *value { return b.Add(in[0], b.Sigmoid(in[0])) }},
		{name: "variance", shapes: [][]int{{2, 3, 2, 2}}, build: func(b *builder, in []*value) *value {
			d := b.Sub(in[0], b.Means(in[0], 0, 2, 3))
			return b.Means(b.Mul(d, d), 0, 2, 3)
		}},
		{name: "mean of a sum", shapes: [][]int{{2, 3, 4}, {3, 1}}, build: func(b *builder, in []*value) *value {
			return b.Means(b.Add(in[0], in[1]), 0, 2)
		}},
		{name: "mean of a product", shapes: [][]int{{2, 3, 4}, {3, 1}}, build: func(b *builder, in []*value) *value {
			return b.Means(b.Mul(in[0], in[1]), 1)
		}},
	})
}

func TestUnary(t *testing.T) {
	check(t, []operator{
		{name: "neg", shapes: [][]int{{3, 2}}, build: func(b *builder, in []*value) *value { return b.Neg(in[0]) }},
		{name: "identity", shapes: [][]int{{3, 2}}, build: func(b *builder, in []*value) *value { return b.Identity(in[0]) }},
		{name: "abs", shapes: [][]int{{3, 2}}, values: away, build: func(b *builder, in []*value) *value { return b.Abs(in[0]) }},
		{name: "sqrt", shapes: [][]int{{3, 2}}, values: positive, build: func(b *builder, in []*value) *value { return b.Sqrt(in[0]) }},
		{name: "reciprocal", shapes: [][]int{{3, 2}}, values: positive, build: func(b *builder, in []*value) *value { return b.Reciprocal(in[0]) }},
	})
}

func TestActivations(t *testing.T) {
	check(t, []operator{
		{name: "relu", shapes: [][]int{{3, 4}}, values: away, build: func(b *builder, in []*value) *value { return b.Relu(in[0]) }},
		{name: "leaky", shapes: [][]int{{3, 4}}, values: away, build: func(b *builder, in []*value) *value { return b.LeakyRelu(in[0], 0.25) }},
		{name: "sigmoid", shapes: [][]int{{3, 4}}, build: func(b *builder, in []*value) *value { return b.Sigmoid(in[0]) }},
		{name: "softplus", shapes: [][]int{{3, 4}}, build: func(b *builder, in []*value) *value { return b.Softplus(in[0]) }},
	})
}

func TestReductions(t *testing.T) {
	check(t, []operator{
		{name: "sums", shapes: [][]int{{2, 3, 4}}, build: func(b *builder, in []*value) *value { return b.Sums(in[0], 0, 2) }},
		{name: "means", shapes: [][]int{{2, 3, 4}}, build: func(b *builder, in []*value) *value { return b.Means(in[0], 1) }},
		{name: "mean without its axis", shapes: [][]int{{2, 3, 4}}, build: func(b *builder, in []*value) *value { return b.ReduceMean(in[0], 1) }},
	})
}

func TestLayout(t *testing.T) {
	check(t, []operator{
		{name: "reshape", shapes: [][]int{{2, 3, 4}}, build: func(b *builder, in []*value) *value {
			return b.Mul(b.Reshape(in[0], 0, -1), b.Reshape(in[0], 2, 12))
		}},
		{name: "transpose", shapes: [][]int{{2, 3, 4}}, build: func(b *builder, in []*value) *value {
			return b.Mul(b.Transpose(in[0], 2, 0, 1), b.Reshape(in[0], 4, 2, 3))
		}},
		{name: "pad and crop", shapes: [][]int{{2, 3, 4}}, build: func(b *builder, in []*value) *value {
			return b.Pad(in[0], []int{0, 1, -1}, []int{2, -1, 1})
		}},
		{name: "concat", shapes: [][]int{{2, 3}, {2, 3}}, build: func(b *builder, in []*value) *value { return b.Concat(1, in[0], in[1]) }},
		{name: "concat with itself", shapes: [][]int{{2, 3}}, build: func(b *builder, in []*value) *value { return b.Concat(0, in[0], in[0]) }},
		{name: "split", shapes: [][]int{{4, 3}}, build: func(b *builder, in []*value) *value {
			parts := b.Split(in[0], 0, 2)
			return b.Mul(parts[0], parts[1])
		}},
		{name: "split with an idle part", shapes: [][]int{{3, 2}}, build: func(b *builder, in []*value) *value {
			return b.Split(in[0], 0, 3)[1]
		}},
		{name: "gather elements, one of them twice", shapes: [][]int{{2, 4}}, build: func(b *builder, in []*value) *value {
			return b.GatherElements(in[0], b.Reshape(b.Ints(3, 0, 3, 1, 2, 2), 2, 3), 1)
		}},
	})
}
