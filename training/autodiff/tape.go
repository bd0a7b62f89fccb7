package autodiff

import (
	"errors"
	"fmt"
	"slices"

	"github.com/sdl-batch/sdl-batch/model/onnxgraph"
)

// ErrNoGradient is reported where an operator on the way has no rule.
var ErrNoGradient = errors.New("autodiff: no gradient")

// rule returns the gradients with respect to the inputs of n, given dy, that
// with respect to its output; of an operator with several outputs it looks the
// others up. A nil entry is no dependence. Entries may be broadcastable to their
// input's shape.
type rule func(t *tape, n *onnxgraph.Node, dy *onnxgraph.Value) []*onnxgraph.Value

var rules = map[string]rule{
	"Add": addRule, "Sub": subRule, "Mul": mulRule, "Div": divRule,
	"Abs": absRule, "Neg": negRule, "Sqrt": sqrtRule, "Reciprocal": reciprocalRule,
	"Relu": reluRule, "LeakyRelu": leakyReluRule, "Sigmoid": sigmoidRule, "Softplus": softplusRule,
	"ReduceSum": sumsRule, "ReduceMean": meansRule,
	"MatMul": matMulRule, "Gemm": gemmRule, "Conv": convRule,
	"AveragePool": averagePoolRule, "GlobalAveragePool": globalAveragePoolRule,
	"Reshape": reshapeRule, "Transpose": transposeRule, "GatherElements": gatherElementsRule,
	"Identity": identityRule, "Pad": padRule, "Concat": concatRule, "Split": splitRule,
}

// flat are operators whose output does not change with a small change of the
// input: what is computed from them alone has no gradient.
var flat = map[string]bool{"ArgMax": true, "Equal": true, "Sign": true}

// tape is one differentiation.
type tape struct {
	*onnxgraph.Builder
	shapes   map[*onnxgraph.Value][]int
	inferred int // nodes whose outputs have a shape
	depends  map[*onnxgraph.Value]bool
	dy       map[*onnxgraph.Value]*onnxgraph.Value
	err      error
}

// Gradients appends to b the gradient of y, a single number, with respect to
// each of the given values, and returns them in their shapes. One that y does
// not depend on is nil. An operator without a rule is ErrNoGradient.
func Gradients(b *onnxgraph.Builder, y *onnxgraph.Value, of []*onnxgraph.Value) ([]*onnxgraph.Value, error) {
	t := &tape{Builder: b, shapes: map[*onnxgraph.Value][]int{}, depends: map[*onnxgraph.Value]bool{}, dy: map[*onnxgraph.Value]*onnxgraph.Value{}}
	for _, v := range of {
		t.depends[v] = true
	}
	nodes := slices.Clone(b.Nodes())
	t.mark(nodes)
	if t.depends[y] && count(t.shape(y)) != 1 {
		return nil, fmt.Errorf("autodiff: gradient of a value of shape %v: want a single number", t.shape(y))
	}
	t.dy[y] = t.Scalar(1)
	for _, n := range slices.Backward(nodes) {
		if t.err == nil && slices.ContainsFunc(n.Outputs, func(out *onnxgraph.Value) bool { return t.dy[out] != nil && t.depends[out] }) {
			t.step(n, t.dy[n.Outputs[0]])
		}
	}
	gradients := make([]*onnxgraph.Value, len(of))
	for i, v := range of {
		if t.err == nil && t.dy[v] != nil {
			gradients[i] = t.full(v)
		}
	}
	return gradients, t.err
}

// mark finds what depends on the wanted values.
func (t *tape) mark(nodes []*onnxgraph.Node) {
	for _, n := range nodes {
		if !flat[n.Op] && slices.ContainsFunc(n.Inputs, func(in *onnxgraph.Value) bool { return in != nil && t.depends[in] }) {
			for _, out := range n.Outputs {
				t.depends[out] = true
			}
		}
	}
}

// step applies the rule of one node.
func (t *tape) step(n *onnxgraph.Node, dy *onnxgraph.Value) {
	apply := rules[n.Op]
	if apply == nil || n.Domain != "" {
		t.err = fmt.Errorf("%w of operator %s", ErrNoGradient, n.Op)
		return
	}
	for i, dx := range apply(t, n, dy) {
		if in := n.Inputs[i]; dx != nil && t.depends[in] {
			t.add(in, dx)
		}
	}
}

// add joins one more contribution to the gradient of v.
func (t *tape) add(v, dx *onnxgraph.Value) {
	if sum := t.dy[v]; sum != nil {
		dx = t.Add(sum, dx)
	}
	t.dy[v] = dx
}

// wants tells whether the gradient of an input is needed.
func (t *tape) wants(v *onnxgraph.Value) bool { return t.depends[v] }

// full is the gradient of v in v's own shape.
func (t *tape) full(v *onnxgraph.Value) *onnxgraph.Value { return t.expand(t.dy[v], t.shape(v)) }

func (t *tape) expand(x *onnxgraph.Value, shape []int) *onnxgraph.Value {
	if slices.Equal(t.shape(x), shape) {
		return x
	}
	return t.Expand(x, shape...)
}

func (t *tape) fail(format string, args ...any) {
	if t.err == nil {
		t.err = fmt.Errorf("autodiff: "+format, args...)
	}
}
