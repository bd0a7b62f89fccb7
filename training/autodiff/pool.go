package autodiff

import (
	"github.com/sdl-batch/sdl-batch/model/onnxgraph"
	"github.com/sdl-batch/sdl-batch/model/tensor"
)

func globalAveragePoolRule(t *tape, n *onnxgraph.Node, dy *onnxgraph.Value) []*onnxgraph.Value {
	s := t.shape(n.Inputs[0])
	return []*onnxgraph.Value{t.Mul(dy, t.Scalar(1/float64(s[2]*s[3])))}
}

// averagePoolRule: a mean over windows whose padding does not count is a matrix
// for the rows and one for the columns, Y = R·X·C, so dX = Rᵀ·dY·Cᵀ.
func averagePoolRule(t *tape, n *onnxgraph.Node, dy *onnxgraph.Value) []*onnxgraph.Value {
	if n.Attrs["count_include_pad"] != 0 {
		t.fail("AveragePool that counts its padding")
		return nil
	}
	w, in, out := windowOf(n), t.shape(n.Inputs[0]), t.shape(n.Outputs[0])
	rows := t.Constant("", transposed(w.means(0, in[2])))
	columns := t.Constant("", w.means(1, in[3]))
	dy = t.expand(dy, out)
	wide := t.MatMul(t.Reshape(dy, -1, out[3]), columns)
	tall := t.MatMul(rows, t.Reshape(wide, in[0]*in[1], out[2], in[3]))
	return []*onnxgraph.Value{t.Reshape(tall, in...)}
}

// means is the matrix [out,size] of the windows' means along one axis.
func (w window) means(axis, size int) tensor.Tensor {
	m := tensor.New(w.out(axis, size), size)
	for i := range m.Shape[0] {
		first := i*w.stride[axis] - w.pads[axis]
		low, high := max(first, 0), min(first+w.kernel[axis], size)
		for j := low; j < high; j++ {
			m.Values[i*size+j] = 1 / float32(high-low)
		}
	}
	return m
}

func transposed(m tensor.Tensor) tensor.Tensor {
	out := tensor.New(m.Shape[1], m.Shape[0])
	for i := range m.Shape[0] {
		for j := range m.Shape[1] {
			out.Values[j*m.Shape[0]+i] = m.Values[i*m.Shape[1]+j]
		}
	}
	return out
}
