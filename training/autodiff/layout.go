package autodiff

import "github.com/sdl-batch/sdl-batch/model/onnxgraph"

func reshapeRule(t *tape, n *onnxgraph.Node, dy *onnxgraph.Value) []*onnxgraph.Value {
	dy = t.expand(dy, t.shape(n.Outputs[0]))
	return []*onnxgraph.Value{t.Reshape(dy, t.shape(n.Inputs[0])...), nil}
}

func transposeRule(t *tape, n *onnxgraph.Node, dy *onnxgraph.Value) []*onnxgraph.Value {
	order := n.Attrs["perm"].([]int)
	back := make([]int, len(order))
	for i, axis := range order {
		back[axis] = i
	}
	return []*onnxgraph.Value{t.Transpose(t.expand(dy, t.shape(n.Outputs[0])), back...)}
}

// gatherElementsRule adds each gradient to the element that was taken; one
// taken twice gets both.
func gatherElementsRule(t *tape, n *onnxgraph.Node, dy *onnxgraph.Value) []*onnxgraph.Value {
	zeros := t.Expand(t.Scalar(0), t.shape(n.Inputs[0])...)
	dy = t.expand(dy, t.shape(n.Outputs[0]))
	dx := t.Node("ScatterElements", 1, onnxgraph.Attrs{"axis": n.Attrs["axis"], "reduction": "add"}, zeros, n.Inputs[1], dy)
	return []*onnxgraph.Value{dx[0], nil}
}

// padRule takes away what was added and gives back, as zeros, what was cut off.
func padRule(t *tape, n *onnxgraph.Node, dy *onnxgraph.Value) []*onnxgraph.Value {
	pads := n.Inputs[1].Integers()
	back := make([]int, len(pads))
	for i, by := range pads {
		back[i] = -by
	}
	dx := t.Pad(t.expand(dy, t.shape(n.Outputs[0])), back[:len(back)/2], back[len(back)/2:])
	return []*onnxgraph.Value{dx, nil}
}

// concatRule cuts the gradient up; the joined values have equal shapes.
func concatRule(t *tape, n *onnxgraph.Node, dy *onnxgraph.Value) []*onnxgraph.Value {
	axis := n.Attrs["axis"].(int)
	for _, in := range n.Inputs {
		if t.shape(in)[axis] != t.shape(n.Inputs[0])[axis] {
			t.fail("Concat of parts of different lengths")
			return nil
		}
	}
	return t.Split(t.expand(dy, t.shape(n.Outputs[0])), axis, len(n.Inputs))
}

// splitRule joins the gradients of the parts, zero for parts that nothing uses.
func splitRule(t *tape, n *onnxgraph.Node, _ *onnxgraph.Value) []*onnxgraph.Value {
	parts := make([]*onnxgraph.Value, len(n.Outputs))
	for i, out := range n.Outputs {
		dy := t.dy[out]
		if dy == nil {
			dy = t.Scalar(0)
		}
		parts[i] = t.expand(dy, t.shape(out))
	}
	return []*onnxgraph.Value{t.Concat(n.Attrs["axis"].(int), parts...)}
}
