package onnxgraph

// Expand repeats axes of length 1 up to shape.
func (b *Builder) Expand(x *Value, shape ...int) *Value {
	return b.one("Expand", nil, x, b.Ints(shape...))
}

// Pad adds zeros before and behind every axis; a negative count cuts elements
// off.
func (b *Builder) Pad(x *Value, before, behind []int) *Value {
	pads := append(append([]int{}, before...), behind...)
	return b.one("Pad", Attrs{"mode": "constant"}, x, b.Ints(pads...))
}

// Gather takes the slices of x that indices, int64, name along an axis. The
// axis is replaced by those of indices.
func (b *Builder) Gather(x, indices *Value, axis int) *Value {
	return b.one("Gather", Attrs{"axis": axis}, x, indices)
}

// Split cuts x along an axis into equal parts.
func (b *Builder) Split(x *Value, axis, parts int) []*Value {
	return b.Node("Split", parts, Attrs{"axis": axis}, x)
}
