package autodiff

import (
	"slices"

	"github.com/sdl-batch/sdl-batch/model/onnxgraph"
)

// shape returns the shape of a value, made known by the nodes so far.
func (t *tape) shape(v *onnxgraph.Value) []int {
	if s, known := v.Shape(); known {
		return s
	}
	for nodes := t.Nodes(); t.inferred < len(nodes); t.inferred++ {
		n := nodes[t.inferred]
		if s, ok := t.infer(n); ok {
			for _, out := range n.Outputs {
				t.shapes[out] = s
			}
		}
	}
	s, ok := t.shapes[v]
	if !ok {
		t.fail("the shape of %s is not known", v)
	}
	return s
}

// known is shape, without a complaint.
func (t *tape) known(v *onnxgraph.Value) ([]int, bool) {
	if s, ok := v.Shape(); ok {
		return s, true
	}
	s, ok := t.shapes[v]
	return s, ok
}

// infer computes the shape of a node's output from those of its inputs.
func (t *tape) infer(n *onnxgraph.Node) ([]int, bool) {
	if n.Op == "Reshape" && slices.Min(append(n.Inputs[1].Integers(), 1)) > 0 {
		return n.Inputs[1].Integers(), true // whatever it was before
	}
	in := make([][]int, len(n.Inputs))
	for i, v := range n.Inputs {
		if v == nil {
			continue
		}
		s, ok := t.known(v)
		if !ok {
			return nil, false
		}
		in[i] = s
	}
	find := shapeRules[n.Op]
	if find == nil {
		return nil, false
	}
	return find(n, in), true
}

type shapeRule func(n *onnxgraph.Node, in [][]int) []int

var shapeRules = map[string]shapeRule{
	"Add": broadcastShape, "Sub": broadcastShape, "Mul": broadcastShape, "Div": broadcastShape, "Max": broadcastShape, "Equal": broadcastShape,
	"Abs": sameShape, "Sign": sameShape, "Neg": sameShape, "Sqrt": sameShape, "Reciprocal": sameShape, "Relu": sameShape, "LeakyRelu": sameShape,
	"Sigmoid": sameShape, "Softplus": sameShape, "HardSigmoid": sameShape, "Identity": sameShape, "Cast": sameShape,
	"ReduceSum": reducedShape, "ReduceMean": reducedShape, "ArgMax": reducedShape, "GlobalAveragePool": pooledShape,
	"MatMul": productShape, "Gemm": gemmShape, "Conv": convShape, "AveragePool": poolShape,
	"Reshape": reshapedShape, "Transpose": transposedShape, "Expand": expandedShape, "Concat": concatShape, "Pad": paddedShape, "Split": splitShape,
	"Gather": gatheredShape, "GatherElements": indexShape, "ScatterElements": sameShape, "SpaceToDepth": blocksShape,
}

func sameShape(_ *onnxgraph.Node, in [][]int) []int { return in[0] }

func indexShape(_ *onnxgraph.Node, in [][]int) []int { return in[1] }

func broadcastShape(_ *onnxgraph.Node, in [][]int) []int { return broadcast(in[0], in[1]) }

// broadcast is the common shape of two, by numpy's rules.
func broadcast(a, b []int) []int {
	if len(a) < len(b) {
		a, b = b, a
	}
	out := slices.Clone(a)
	for i, n := range b {
		if at := len(a) - len(b) + i; n != 1 {
			out[at] = n
		}
	}
	return out
}

// reducedAxes are the axes that a reduction takes away or leaves at length 1.
func reducedAxes(n *onnxgraph.Node) []int {
	if axis, ok := n.Attrs["axis"].(int); ok {
		return []int{axis}
	}
	if axes, ok := n.Attrs["axes"].([]int); ok {
		return axes
	}
	return n.Inputs[1].Integers()
}

func reducedShape(n *onnxgraph.Node, in [][]int) []int {
	var out []int
	axes := reducedAxes(n)
	for i, size := range in[0] {
		switch {
		case !slices.Contains(axes, i):
			out = append(out, size)
		case n.Attrs["keepdims"] == 1:
			out = append(out, 1)
		}
	}
	return out
}

func pooledShape(_ *onnxgraph.Node, in [][]int) []int { return []int{in[0][0], in[0][1], 1, 1} }

func productShape(_ *onnxgraph.Node, in [][]int) []int {
	a, b := in[0], in[1]
	lead := broadcast(a[:len(a)-2], b[:len(b)-2])
	return append(slices.Clone(lead), a[len(a)-2], b[len(b)-1])
}

func gemmShape(n *onnxgraph.Node, in [][]int) []int {
	rows, columns := in[0][0], in[1][1]
	if n.Attrs["transA"] == true {
		rows = in[0][1]
	}
	if n.Attrs["transB"] == true {
		columns = in[1][0]
	}
	return []int{rows, columns}
}

// window is how a convolution or a pool slides over an image.
type window struct {
	kernel, stride [2]int
	pads           [4]int // top, left, bottom, right
}

func windowOf(n *onnxgraph.Node) window {
	return window{[2]int(n.Attrs["kernel_shape"].([]int)), [2]int(n.Attrs["strides"].([]int)), [4]int(n.Attrs["pads"].([]int))}
}

// out is the length of axis 0 (height) or 1 (width) behind the window.
func (w window) out(axis, size int) int {
	return (size+w.pads[axis]+w.pads[axis+2]-w.kernel[axis])/w.stride[axis] + 1
}

func convShape(n *onnxgraph.Node, in [][]int) []int {
	w := windowOf(n)
	return []int{in[0][0], in[1][0], w.out(0, in[0][2]), w.out(1, in[0][3])}
}

func poolShape(n *onnxgraph.Node, in [][]int) []int {
	w := windowOf(n)
	return []int{in[0][0], in[0][1], w.out(0, in[0][2]), w.out(1, in[0][3])}
}

func reshapedShape(n *onnxgraph.Node, in [][]int) []int {
	out := slices.Clone(n.Inputs[1].Integers())
	rest, left := -1, count(in[0])
	for i, size := range out {
		if size == 0 {
			out[i] = in[0][i]
		}
		if size == -1 {
			rest = i
			continue
		}
		left /= out[i]
	}
	if rest >= 0 {
		out[rest] = left
	}
	return out
}

func transposedShape(n *onnxgraph.Node, in [][]int) []int {
	var out []int
	for _, axis := range n.Attrs["perm"].([]int) {
		out = append(out, in[0][axis])
	}
	return out
}

func expandedShape(n *onnxgraph.Node, in [][]int) []int {
	return broadcast(in[0], n.Inputs[1].Integers())
}

func concatShape(n *onnxgraph.Node, in [][]int) []int {
	axis := n.Attrs["axis"].(int)
	out := slices.Clone(in[0])
	for _, s := range in[1:] {
		out[axis] += s[axis]
	}
	return out
}

// splitShape is that of each part.
func splitShape(n *onnxgraph.Node, in [][]int) []int {
	out := slices.Clone(in[0])
	out[n.Attrs["axis"].(int)] /= len(n.Outputs)
	return out
}

func paddedShape(n *onnxgraph.Node, in [][]int) []int {
	pads := n.Inputs[1].Integers()
	out := slices.Clone(in[0])
	for i := range out {
		out[i] += pads[i] + pads[len(out)+i]
	}
	return out
}

func gatheredShape(n *onnxgraph.Node, in [][]int) []int {
	axis := n.Attrs["axis"].(int)
	out := slices.Clone(in[0][:axis])
	out = append(out, in[1]...)
	return append(out, in[0][axis+1:]...)
}

func blocksShape(n *onnxgraph.Node, in [][]int) []int {
	size := n.Attrs["blocksize"].(int)
	return []int{in[0][0], in[0][1] * size * size, in[0][2] / size, in[0][3] / size}
}

func count(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}
