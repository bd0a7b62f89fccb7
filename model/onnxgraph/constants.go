package onnxgraph

import (
	"encoding/binary"
	"math"

	"google.golang.org/protobuf/proto"

	"github.com/sdl-batch/sdl-batch/model/onnxgraph/onnxpb"
	"github.com/sdl-batch/sdl-batch/model/tensor"
)

// Constant stores a tensor in the model under a name that the model may hold
// once; an empty name gets a number.
func (b *Builder) Constant(name string, t tensor.Tensor) *Value {
	if err := t.Validate(); err != nil {
		b.fail("constant %s: %w", name, err)
	}
	raw := make([]byte, 4*len(t.Values))
	for i, v := range t.Values {
		binary.LittleEndian.PutUint32(raw[4*i:], math.Float32bits(v))
	}
	return b.store(name, Float32, t.Shape, raw)
}

// Scalar stores one float32.
func (b *Builder) Scalar(v float64) *Value {
	return b.Constant("", tensor.Tensor{Values: []float32{float32(v)}})
}

// Ints stores a vector of int64, as shapes, axes and pads are given.
func (b *Builder) Ints(values ...int) *Value {
	raw := make([]byte, 8*len(values))
	for i, v := range values {
		binary.LittleEndian.PutUint64(raw[8*i:], uint64(v))
	}
	v := b.store("", Int64, []int{len(values)}, raw)
	v.integers = values
	return v
}

func (b *Builder) store(name string, t ElementType, shape []int, raw []byte) *Value {
	v := &Value{name: name}
	if name == "" {
		v = b.fresh("c")
	}
	v.shape, v.fixed = shape, true
	p := &onnxpb.TensorProto{Name: proto.String(v.name), DataType: proto.Int32(int32(t)), RawData: raw}
	for _, d := range shape {
		p.Dims = append(p.Dims, int64(d))
	}
	b.constants = append(b.constants, p)
	return v
}
