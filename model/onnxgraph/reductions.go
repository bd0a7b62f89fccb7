package onnxgraph

// Sums adds up the elements along some axes, which stay with length 1.
func (b *Builder) Sums(x *Value, axes ...int) *Value {
	return b.one("ReduceSum", Attrs{"keepdims": 1}, x, b.Ints(axes...))
}

// Means takes the mean along some axes, which stay with length 1.
func (b *Builder) Means(x *Value, axes ...int) *Value {
	return b.one("ReduceMean", Attrs{"axes": axes, "keepdims": 1}, x)
}

// ArgMax returns the int64 place of the largest element along an axis, which
// stays with length 1; the first among equals.
func (b *Builder) ArgMax(x *Value, axis int) *Value {
	return b.one("ArgMax", Attrs{"axis": axis, "keepdims": 1, "select_last_index": 0}, x)
}
