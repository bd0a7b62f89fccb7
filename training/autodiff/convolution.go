package autodiff

import (
	"slices"

	"github.com/sdl-batch/sdl-batch/model/onnxgraph"
	"github.com/sdl-batch/sdl-batch/model/tensor"
)

// convRule differentiates convolutions of stride 1 and one group.
//
// With respect to the image it is a convolution of dy with the kernel turned by
// 180 degrees and its channel axes swapped. With respect to the kernel it is
// one matrix product (see kernelGradient).
func convRule(t *tape, n *onnxgraph.Node, dy *onnxgraph.Value) []*onnxgraph.Value {
	w := windowOf(n)
	if w.stride != [2]int{1, 1} || n.Attrs["group"] != 1 {
		t.fail("Conv of stride %v in %v groups: want stride 1 and one group", w.stride, n.Attrs["group"])
		return nil
	}
	dy = t.expand(dy, t.shape(n.Outputs[0]))
	out := make([]*onnxgraph.Value, len(n.Inputs))
	if len(out) > 2 && t.wants(n.Inputs[2]) {
		out[2] = t.Reshape(t.Sums(dy, 0, 2, 3), t.shape(n.Inputs[2])...)
	}
	if t.wants(n.Inputs[1]) {
		out[1] = t.kernelGradient(n, w, dy)
	}
	if t.wants(n.Inputs[0]) {
		out[0] = t.imageGradient(n, w, dy)
	}
	return out
}

func (t *tape) imageGradient(n *onnxgraph.Node, w window, dy *onnxgraph.Value) *onnxgraph.Value {
	k := w.kernel
	return t.Conv(dy, t.turnedKernel(n.Inputs[1]), nil, onnxgraph.Convolution{
		Kernel: k,
		Pads: onnxgraph.Pads{
			Top: k[0] - 1 - w.pads[0], Left: k[1] - 1 - w.pads[1],
			Bottom: k[0] - 1 - w.pads[2], Right: k[1] - 1 - w.pads[3],
		},
	})
}

// turnedKernel makes [C,O,kh,kw] of [O,C,kh,kw], each kernel's elements in
// reverse order: by a product with the reversal matrix, which moves them faster
// than an indexed copy.
func (t *tape) turnedKernel(weight *onnxgraph.Value) *onnxgraph.Value {
	s := t.shape(weight)
	area := s[2] * s[3]
	if area > 1 {
		weight = t.Reshape(t.MatMul(t.Reshape(weight, -1, area), t.Constant("", reversal(area))), s...)
	}
	return t.Transpose(weight, 1, 0, 2, 3)
}

func reversal(n int) tensor.Tensor {
	m := tensor.New(n, n)
	for i := range n {
		m.Values[i*n+n-1-i] = 1
	}
	return m
}

// kernelGradient computes dW[o,c,i,j] = Σ dy[·,o,h,w]·x[·,c,h+i−top,w+j−left]
// as one product of matrices.
//
// x is stacked kw times, its columns moved by left−j; dy kh times, its rows moved
// by i−top; what leaves the image is cut off, what comes in is zero. Then the
// pixels that belong together lie at one place, and the product over all places
// holds every (i,o) against every (j,c).
func (t *tape) kernelGradient(n *onnxgraph.Node, w window, dy *onnxgraph.Value) *onnxgraph.Value {
	in, kernel, out := t.shape(n.Inputs[0]), t.shape(n.Inputs[1]), t.shape(dy)
	o, c, kh, kw := kernel[0], kernel[1], kernel[2], kernel[3]
	height, width := in[2], out[3]
	images, gradients := t.channelsFirst(n.Inputs[0]), t.channelsFirst(dy)
	var left, right []*onnxgraph.Value
	for i := range kh {
		left = append(left, t.moved(gradients, 2, i-w.pads[0], height))
	}
	for j := range kw {
		right = append(right, t.moved(images, 3, w.pads[1]-j, width))
	}
	places := in[0] * height * width
	product := t.Gemm(t.Reshape(t.Concat(0, left...), kh*o, places), t.Reshape(t.Concat(0, right...), kw*c, places), false, true)
	if kh == 1 && kw == 1 {
		return t.Reshape(product, o, c, 1, 1)
	}
	// (i,o,j,c) to (o,c,i,j) in two moves, each of which the runtime does fast.
	taps := t.Reshape(t.Transpose(t.Reshape(product, kh, o, kw*c), 1, 0, 2), o, kh*kw, c)
	return t.Reshape(t.Transpose(taps, 0, 2, 1), o, c, kh, kw)
}

// channelsFirst makes [C,n,H,W] of [n,C,H,W], or finds what x was made from.
func (t *tape) channelsFirst(x *onnxgraph.Value) *onnxgraph.Value {
	order := []int{1, 0, 2, 3}
	for _, n := range t.Nodes() {
		if n.Op == "Transpose" && n.Outputs[0] == x && slices.Equal(n.Attrs["perm"].([]int), order) {
			return n.Inputs[0]
		}
	}
	return t.Transpose(x, order...)
}

// moved shifts x by some places along an axis, which gets another length.
func (t *tape) moved(x *onnxgraph.Value, axis, by, length int) *onnxgraph.Value {
	size := t.shape(x)[axis]
	if by == 0 && size == length {
		return x
	}
	before, behind := make([]int, 4), make([]int, 4)
	before[axis], behind[axis] = by, length-size-by
	return t.Pad(x, before, behind)
}
