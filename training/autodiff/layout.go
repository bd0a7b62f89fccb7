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
