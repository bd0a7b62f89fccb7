package autodiff

import (
	"slices"

	"github.com/sdl-batch/sdl-batch/model/onnxgraph"
)

// matMulRule: d(X·Y) = dX·Y + X·dY, for matrices and for stacks of them over
// equal leading axes.
func matMulRule(t *tape, n *onnxgraph.Node, dy *onnxgraph.Value) []*onnxgraph.Value {
	x, y := n.Inputs[0], n.Inputs[1]
	a, b := t.shape(x), t.shape(y)
	if !slices.Equal(a[:len(a)-2], b[:len(b)-2]) {
		t.fail("MatMul of %v and %v: leading axes differ", a, b)
		return nil
	}
	dy = t.expand(dy, t.shape(n.Outputs[0]))
	out := []*onnxgraph.Value{nil, nil}
	if len(a) == 2 {
		if t.wants(x) {
			out[0] = t.Gemm(dy, y, false, true)
		}
		if t.wants(y) {
			out[1] = t.Gemm(x, dy, true, false)
		}
		return out
	}
	if t.wants(x) {
		out[0] = t.MatMul(dy, t.turned(y))
	}
	if t.wants(y) {
		out[1] = t.MatMul(t.turned(x), dy)
	}
	return out
}

// turned swaps the last two axes.
func (t *tape) turned(x *onnxgraph.Value) *onnxgraph.Value {
	order := make([]int, len(t.shape(x)))
	for i := range order {
		order[i] = i
	}
	last := len(order) - 1
	order[last], order[last-1] = last-1, last
	return t.Transpose(x, order...)
}

// gemmRule, with A and B as they are after any transposition:
// dA = dY·Bᵀ, dB = Aᵀ·dY.
func gemmRule(t *tape, n *onnxgraph.Node, dy *onnxgraph.Value) []*onnxgraph.Value {
	x, y := n.Inputs[0], n.Inputs[1]
	turnX, turnY := n.Attrs["transA"] == true, n.Attrs["transB"] == true
	dy = t.expand(dy, t.shape(n.Outputs[0]))
	out := []*onnxgraph.Value{nil, nil}
	if t.wants(x) {
		if turnX {
			out[0] = t.Gemm(y, dy, turnY, true)
		} else {
			out[0] = t.Gemm(dy, y, false, !turnY)
		}
	}
	if t.wants(y) {
		if turnY {
			out[1] = t.Gemm(dy, x, true, turnX)
		} else {
			out[1] = t.Gemm(x, dy, !turnX, false)
		}
	}
	return out
}
