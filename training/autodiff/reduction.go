package autodiff

import (
	"slices"

	"github.com/sdl-batch/sdl-batch/model/onnxgraph"
)

// sumsRule hands dy to every element that was added up.
func sumsRule(t *tape, n *onnxgraph.Node, dy *onnxgraph.Value) []*onnxgraph.Value {
	return []*onnxgraph.Value{t.unreduced(n, dy), nil}
}

func meansRule(t *tape, n *onnxgraph.Node, dy *onnxgraph.Value) []*onnxgraph.Value {
	elements := 1
	for _, axis := range reducedAxes(n) {
		elements *= t.shape(n.Inputs[0])[axis]
	}
	return []*onnxgraph.Value{t.Mul(t.unreduced(n, dy), t.Scalar(1/float64(elements)))}
}

// unreduced puts the axes that a reduction took away back, with length 1.
func (t *tape) unreduced(n *onnxgraph.Node, dy *onnxgraph.Value) *onnxgraph.Value {
	if n.Attrs["keepdims"] == 1 {
		return dy
	}
	shape := slices.Clone(t.shape(n.Inputs[0]))
	for _, axis := range reducedAxes(n) {
		shape[axis] = 1
	}
	return t.Reshape(t.expand(dy, t.shape(n.Outputs[0])), shape...)
}
