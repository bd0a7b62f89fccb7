package foreign

import (
	"github.com/sdl-batch/sdl-batch/model/onnxgraph"
	"github.com/sdl-batch/sdl-batch/model/tensor"
)

// normalise is (x·Scale − Mean) / Std as one product and one sum.
func (in Input) normalise(b *onnxgraph.Builder, x *onnxgraph.Value) *onnxgraph.Value {
	var gain, offset [3]float64
	for c := range gain {
		gain[c], offset[c] = in.Scale/in.Std[c], -in.Mean[c]/in.Std[c]
	}
	if gain != [3]float64{1, 1, 1} {
		x = b.Mul(x, in.channels(b, gain))
	}
	for _, o := range offset {
		if o != 0 {
			return b.Add(x, in.channels(b, offset))
		}
	}
	return x
}

// channels stores a value for each colour, shaped for the layout.
func (in Input) channels(b *onnxgraph.Builder, values [3]float64) *onnxgraph.Value {
	t := tensor.Tensor{Shape: []int{1, 1, 1, 3}}
	if in.Layout == NCHW {
		t.Shape = []int{1, 3, 1, 1}
	}
	for _, v := range values {
		t.Values = append(t.Values, float32(v))
	}
	return b.Constant("", t)
}

// matrices brings an output to float32 [n,K,D].
func (out Output) matrices(b *onnxgraph.Builder, x *onnxgraph.Value) *onnxgraph.Value {
	x = b.Cast(x, onnxgraph.Float32)
	rows := out.Skip + out.Rows
	if out.Layout == NDK || out.Layout == NDHW {
		x = b.Transpose(b.Reshape(x, -1, out.Dim, rows), 0, 2, 1)
	} else {
		x = b.Reshape(x, -1, rows, out.Dim)
	}
	if out.Skip == 0 {
		return x
	}
	var kept []int
	for k := out.Skip; k < rows; k++ {
		kept = append(kept, k)
	}
	return b.Gather(x, b.Ints(kept...), 1)
}
