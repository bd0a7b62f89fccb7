package onnxgraph

// Abs is |x|.
func (b *Builder) Abs(x *Value) *Value { return b.one("Abs", nil, x) }

// Sign is −1, 0 or 1.
func (b *Builder) Sign(x *Value) *Value { return b.one("Sign", nil, x) }

// Neg is −x.
func (b *Builder) Neg(x *Value) *Value { return b.one("Neg", nil, x) }

// Sqrt is the square root.
func (b *Builder) Sqrt(x *Value) *Value { return b.one("Sqrt", nil, x) }

// Reciprocal is 1/x.
func (b *Builder) Reciprocal(x *Value) *Value { return b.one("Reciprocal", nil, x) }

// Softplus is log(1+exp(x)), without overflow.
func (b *Builder) Softplus(x *Value) *Value { return b.one("Softplus", nil, x) }

// HardSigmoid is min(1, max(0, alpha·x+beta)).
func (b *Builder) HardSigmoid(x *Value, alpha, beta float64) *Value {
	return b.one("HardSigmoid", Attrs{"alpha": alpha, "beta": beta}, x)
}

// Equal compares with broadcasting; the result holds truth values.
func (b *Builder) Equal(x, y *Value) *Value { return b.one("Equal", nil, x, y) }

// Gemm multiplies two matrices, either of them transposed first where asked.
func (b *Builder) Gemm(x, y *Value, transposeX, transposeY bool) *Value {
	return b.one("Gemm", Attrs{"transA": transposeX, "transB": transposeY}, x, y)
}
