package onnxgraph

import "github.com/sdl-batch/sdl-batch/model/tensor"

// Convolution says how Conv slides its kernel.
type Convolution struct {
	Kernel [2]int // height, width
	Stride int    // 0: 1
	Pads   Pads
	Groups int // 0: 1
}

// Pads are the rows and columns added around an image.
type Pads struct{ Top, Left, Bottom, Right int }

// Around are pads of n on all sides.
func Around(n int) Pads { return Pads{n, n, n, n} }

func (p Pads) list() []int { return []int{p.Top, p.Left, p.Bottom, p.Right} }

// Conv convolves x [n,C,H,W] with weight [O,C/groups,kh,kw] and adds bias [O]
// (nil: none).
func (b *Builder) Conv(x, weight, bias *Value, c Convolution) *Value {
	stride, groups := max(c.Stride, 1), max(c.Groups, 1)
	attrs := Attrs{"kernel_shape": c.Kernel[:], "strides": []int{stride, stride}, "pads": c.Pads.list(), "group": groups}
	if bias == nil {
		return b.one("Conv", attrs, x, weight)
	}
	return b.one("Conv", attrs, x, weight, bias)
}

// AveragePool takes means over windows of size x size; padding does not count.
func (b *Builder) AveragePool(x *Value, size, stride int, pads Pads) *Value {
	return b.one("AveragePool", Attrs{"kernel_shape": []int{size, size}, "strides": []int{stride, stride}, "pads": pads.list(), "count_include_pad": 0}, x)
}

// GlobalAveragePool takes the mean of each channel: [n,C,H,W] -> [n,C,1,1].
func (b *Builder) GlobalAveragePool(x *Value) *Value { return b.one("GlobalAveragePool", nil, x) }

// Add adds with broadcasting, as Sub, Mul, Div and Max do.
func (b *Builder) Add(x, y *Value) *Value { return b.one("Add", nil, x, y) }

// Sub subtracts y from x.
func (b *Builder) Sub(x, y *Value) *Value { return b.one("Sub", nil, x, y) }

// Mul multiplies element by element.
func (b *Builder) Mul(x, y *Value) *Value { return b.one("Mul", nil, x, y) }

// Div divides x by y.
func (b *Builder) Div(x, y *Value) *Value { return b.one("Div", nil, x, y) }

// Max takes the larger element.
func (b *Builder) Max(x, y *Value) *Value { return b.one("Max", nil, x, y) }

// Relu is max(x, 0).
func (b *Builder) Relu(x *Value) *Value { return b.one("Relu", nil, x) }

// LeakyRelu is x where positive, else slope·x.
func (b *Builder) LeakyRelu(x *Value, slope float64) *Value {
	return b.one("LeakyRelu", Attrs{"alpha": slope}, x)
}

// Sigmoid is 1/(1+exp(−x)).
func (b *Builder) Sigmoid(x *Value) *Value { return b.one("Sigmoid", nil, x) }

// MatMul multiplies matrices, over leading axes where there are any.
func (b *Builder) MatMul(x, y *Value) *Value { return b.one("MatMul", nil, x, y) }

// Cast converts the elements.
func (b *Builder) Cast(x *Value, t ElementType) *Value { return b.one("Cast", Attrs{"to": t}, x) }

// Reshape gives x another shape; 0 keeps an axis, one −1 takes the rest.
func (b *Builder) Reshape(x *Value, shape ...int) *Value {
	return b.one("Reshape", nil, x, b.Ints(shape...))
}

// Transpose reorders the axes: axis i of the result is axis order[i] of x.
func (b *Builder) Transpose(x *Value, order ...int) *Value {
	return b.one("Transpose", Attrs{"perm": order}, x)
}

// Concat joins values along an axis.
func (b *Builder) Concat(axis int, values ...*Value) *Value {
	if len(values) == 1 {
		return values[0]
	}
	return b.one("Concat", Attrs{"axis": axis}, values...)
}

// ReduceMax takes the largest element along an axis, which goes.
func (b *Builder) ReduceMax(x *Value, axis int) *Value {
	return b.one("ReduceMax", Attrs{"axes": []int{axis}, "keepdims": 0}, x)
}

// ReduceMean takes the mean along an axis, which goes.
func (b *Builder) ReduceMean(x *Value, axis int) *Value {
	return b.one("ReduceMean", Attrs{"axes": []int{axis}, "keepdims": 0}, x)
}

// ReduceL2 takes the Euclidean norm along an axis, which stays with length 1.
func (b *Builder) ReduceL2(x *Value, axis int) *Value {
	return b.one("ReduceL2", Attrs{"axes": []int{axis}, "keepdims": 1}, x)
}

// TopK returns the k largest elements along an axis, largest first, and their
// int64 indices. Equal elements come in the order of their indices.
func (b *Builder) TopK(x *Value, k, axis int) (values, indices *Value) {
	out := b.Node("TopK", 2, Attrs{"axis": axis, "largest": 1, "sorted": 1}, x, b.Ints(k))
	return out[0], out[1]
}

// GatherElements takes x's elements at the given indices along an axis.
func (b *Builder) GatherElements(x, indices *Value, axis int) *Value {
	return b.one("GatherElements", Attrs{"axis": axis}, x, indices)
}

// Identity is x.
func (b *Builder) Identity(x *Value) *Value { return b.one("Identity", nil, x) }

func (b *Builder) one(op string, attrs Attrs, inputs ...*Value) *Value {
	return b.Node(op, 1, attrs, inputs...)[0]
}

// SpaceToDepth moves blocks of size x size pixels into channels:
// [n,C,H,W] -> [n,size·size·C,H/size,W/size], channel (row·size+column)·C+c.
func (b *Builder) SpaceToDepth(x *Value, size int) *Value {
	return b.one("SpaceToDepth", Attrs{"blocksize": size}, x)
}

// Repeat enlarges images: every pixel becomes height x width equal ones.
func (b *Builder) Repeat(x *Value, height, width int) *Value {
	scales := b.Constant("", tensor.Tensor{Shape: []int{4}, Values: []float32{1, 1, float32(height), float32(width)}})
	attrs := Attrs{"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
	return b.one("Resize", attrs, x, nil, scales)
}
