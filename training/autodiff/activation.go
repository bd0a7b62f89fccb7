package autodiff

import (
	"math"

	"github.com/sdl-batch/sdl-batch/model/onnxgraph"
)

// positive is 1 where x is above 0, else 0: one pass, where a comparison and a
// cast would be two.
func (t *tape) positive(x *onnxgraph.Value) *onnxgraph.Value {
	return t.HardSigmoid(x, math.MaxFloat32, 0)
}

// reluRule takes 0 as the slope at 0.
func reluRule(t *tape, n *onnxgraph.Node, dy *onnxgraph.Value) []*onnxgraph.Value {
	return []*onnxgraph.Value{t.Mul(dy, t.positive(n.Outputs[0]))}
}

// leakyReluRule takes the negative slope at 0; the slope must be above 0, so
// that the output has the sign of the input.
func leakyReluRule(t *tape, n *onnxgraph.Node, dy *onnxgraph.Value) []*onnxgraph.Value {
	alpha := n.Attrs["alpha"].(float64)
	if !(alpha > 0) {
		t.fail("LeakyRelu with slope %g", alpha)
	}
	return []*onnxgraph.Value{t.Mul(dy, t.Max(t.positive(n.Outputs[0]), t.Scalar(alpha)))}
}

// sigmoidRule: σ' = σ·(1−σ).
func sigmoidRule(t *tape, n *onnxgraph.Node, dy *onnxgraph.Value) []*onnxgraph.Value {
	y := n.Outputs[0]
	return []*onnxgraph.Value{t.Mul(dy, t.Mul(y, t.Sub(t.Scalar(1), y)))}
}

// softplusRule: the slope of log(1+exp(x)) is the sigmoid.
func softplusRule(t *tape, n *onnxgraph.Node, dy *onnxgraph.Value) []*onnxgraph.Value {
	return []*onnxgraph.Value{t.Mul(dy, t.Sigmoid(n.Inputs[0]))}
}
