package autodiff

import (
	"github.com/sdl-batch/sdl-batch/model/onnxgraph"
)

func addRule(t *tape, n *onnxgraph.Node, dy *onnxgraph.Value) []*onnxgraph.Value {
	return []*onnxgraph.Value{t.reduce(dy, n, 0), t.reduce(dy, n, 1)}
}

func subRule(t *tape, n *onnxgraph.Node, dy *onnxgraph.Value) []*onnxgraph.Value {
	out := []*onnxgraph.Value{t.reduce(dy, n, 0), t.reduce(dy, n, 1)}
	if out[1] != nil {
		out[1] = t.Neg(out[1])
	}
	return out
}

func mulRule(t *tape, n *onnxgraph.Node, dy *onnxgraph.Value) []*onnxgraph.Value {
	x, y := n.Inputs[0], n.Inputs[1]
	if x == y {
		return []*onnxgraph.Value{t.Mul(x, t.Mul(dy, t.Scalar(2))), nil}
	}
	out := []*onnxgraph.Value{nil, nil}
	if t.wants(x) {
		out[0] = t.reduce(t.Mul(dy, y), n, 0)
	}
	if t.wants(y) {
		out[1] = t.reduce(t.Mul(dy, x), n, 1)
	}
	return out
}

// divRule: d(x/y) = dx/y − (x/y)·dy/y.
func divRule(t *tape, n *onnxgraph.Node, dy *onnxgraph.Value) []*onnxgraph.Value {
	x, y := n.Inputs[0], n.Inputs[1]
	out := []*onnxgraph.Value{nil, nil}
	if t.wants(x) {
		out[0] = t.reduce(t.Div(dy, y), n, 0)
	}
	if t.wants(y) {
		out[1] = t.reduce(t.Neg(t.Div(t.Mul(dy, n.Outputs[0]), y)), n, 1)
	}
	return out
}

// reduce brings the gradient of a broadcasting operator's output to one of its
// inputs: summed over the axes that the input was repeated along.
func (t *tape) reduce(dy *onnxgraph.Value, n *onnxgraph.Node, input int) *onnxgraph.Value {
	if !t.wants(n.Inputs[input]) {
		return nil
	}
	out, in := t.shape(n.Outputs[0]), t.shape(n.Inputs[input])
	have := aligned(t.shape(dy), len(out))
	want := aligned(in, len(out))
	var axes []int
	repeats := 1
	for i, size := range out {
		switch {
		case want[i] == size:
		case have[i] == size:
			axes = append(axes, i)
		default:
			repeats *= size // dy itself is constant along this axis
		}
	}
	if len(axes) > 0 {
		if len(t.shape(dy)) < len(out) {
			dy = t.Reshape(dy, have...)
		}
		dy = t.Sums(dy, axes...)
	}
	if repeats > 1 {
		dy = t.Mul(dy, t.Scalar(float64(repeats)))
	}
	if rank := len(t.shape(dy)); rank > len(in) {
		dy = t.Reshape(dy, in...)
	}
	return dy
}

// aligned puts axes of length 1 in front of a shape.
func aligned(shape []int, rank int) []int {
	out := make([]int, rank)
	for i := range out {
		out[i] = 1
	}
	if len(shape) <= rank {
		copy(out[rank-len(shape):], shape)
	}
	return out
}
