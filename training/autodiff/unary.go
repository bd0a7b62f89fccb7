package autodiff

import "github.com/sdl-batch/sdl-batch/model/onnxgraph"

func identityRule(_ *tape, _ *onnxgraph.Node, dy *onnxgraph.Value) []*onnxgraph.Value {
	return []*onnxgraph.Value{dy}
}

func negRule(t *tape, _ *onnxgraph.Node, dy *onnxgraph.Value) []*onnxgraph.Value {
	return []*onnxgraph.Value{t.Neg(dy)}
}

// absRule takes 0 as the slope at 0.
func absRule(t *tape, n *onnxgraph.Node, dy *onnxgraph.Value) []*onnxgraph.Value {
	return []*onnxgraph.Value{t.Mul(dy, t.Sign(n.Inputs[0]))}
}

// sqrtRule: d√x = dx / (2·√x).
func sqrtRule(t *tape, n *onnxgraph.Node, dy *onnxgraph.Value) []*onnxgraph.Value {
	return []*onnxgraph.Value{t.Div(dy, t.Mul(n.Outputs[0], t.Scalar(2)))}
}

// reciprocalRule: d(1/x) = −dx / x².
func reciprocalRule(t *tape, n *onnxgraph.Node, dy *onnxgraph.Value) []*onnxgraph.Value {
	y := n.Outputs[0]
	return []*onnxgraph.Value{t.Neg(t.Mul(dy, t.Mul(y, y)))}
}
