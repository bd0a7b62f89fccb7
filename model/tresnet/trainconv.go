package tresnet

import "github.com/sdl-batch/sdl-batch/model/onnxgraph"

// shiftedArea is the largest image, in pixels, whose 3x3 convolution is written
// as a product of matrices. The runtime's own convolution multiplies image by
// image, which is slow for small ones; for larger ones the copies of the shifted
// images cost more than that.
const shiftedArea = 256

// convolved is a convolution of stride 1 that keeps the side.
func (t *training) convolved(x images, c convolution) *onnxgraph.Value {
	weight := t.parameters[c.weight].Value
	switch {
	case c.kernel == 1:
		return t.Gemm(t.Reshape(weight, c.out, c.in), t.matrix(x.Value, c.in), false, false)
	case x.side*x.side <= shiftedArea:
		return t.shifted(x, weight, c)
	}
	y := t.Conv(t.Transpose(x.Value, 1, 0, 2, 3), weight, nil, onnxgraph.Convolution{
		Kernel: [2]int{c.kernel, c.kernel}, Pads: onnxgraph.Around(c.kernel / 2),
	})
	return t.Transpose(y, 1, 0, 2, 3)
}

// shifted computes y[h,w] = Σ_ij W[i,j]·x[h+i−1,w+j−1] as one product: x is
// stacked once for every j, its columns moved; the product holds a part for every i,
// whose rows are moved and added up.
func (t *training) shifted(x images, weight *onnxgraph.Value, c convolution) *onnxgraph.Value {
	k, reach := c.kernel, c.kernel/2
	var stack []*onnxgraph.Value
	for j := range k {
		stack = append(stack, t.moved(x.Value, 3, reach-j))
	}
	columns := t.matrix(t.Concat(0, stack...), k*c.in)
	// [O,C,i,j] to [i,O,j,C] in two moves that the runtime does fast.
	taps := t.Transpose(t.Reshape(weight, c.out, c.in, k*k), 0, 2, 1)
	taps = t.Transpose(t.Reshape(taps, c.out, k, k*c.in), 1, 0, 2)
	product := t.Gemm(t.Reshape(taps, k*c.out, k*c.in), columns, false, false)
	parts := t.Split(t.Reshape(product, k*c.out, t.batch, x.side, x.side), 0, k)
	var sum *onnxgraph.Value
	for i, part := range parts {
		part = t.moved(part, 2, reach-i)
		if sum != nil {
			part = t.Add(sum, part)
		}
		sum = part
	}
	return sum
}

// moved shifts images by some places along an axis; zeros come in.
func (t *training) moved(x *onnxgraph.Value, axis, by int) *onnxgraph.Value {
	if by == 0 {
		return x
	}
	before, behind := make([]int, 4), make([]int, 4)
	before[axis], behind[axis] = by, -by
	return t.Pad(x, before, behind)
}
