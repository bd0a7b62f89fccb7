package onnxgraph

import (
	"google.golang.org/protobuf/proto"

	"github.com/sdl-batch/sdl-batch/model/onnxgraph/onnxpb"
)

// ElementType is the type of a tensor's elements.
type ElementType int32

// The element types in use.
const (
	Float32 = ElementType(onnxpb.TensorProto_FLOAT)
	Float16 = ElementType(onnxpb.TensorProto_FLOAT16)
	Uint8   = ElementType(onnxpb.TensorProto_UINT8)
	Int32   = ElementType(onnxpb.TensorProto_INT32)
	Int64   = ElementType(onnxpb.TensorProto_INT64)
	Bool    = ElementType(onnxpb.TensorProto_BOOL)
)

// Dim is one axis of an input or output.
type Dim struct {
	size int
	name string
}

// Size is an axis of fixed length.
func Size(n int) Dim { return Dim{size: n} }

// Free is an axis whose length each run chooses, the same wherever the name
// occurs.
func Free(name string) Dim { return Dim{name: name} }

// Sizes are axes of fixed lengths.
func Sizes(lengths ...int) []Dim {
	dims := make([]Dim, len(lengths))
	for i, n := range lengths {
		dims[i] = Size(n)
	}
	return dims
}

func info(name string, t ElementType, dims []Dim) *onnxpb.ValueInfoProto {
	shape := &onnxpb.TensorShapeProto{}
	for _, d := range dims {
		shape.Dim = append(shape.Dim, d.proto())
	}
	tensor := &onnxpb.TypeProto_Tensor{ElemType: proto.Int32(int32(t)), Shape: shape}
	return &onnxpb.ValueInfoProto{
		Name: proto.String(name),
		Type: &onnxpb.TypeProto{Value: &onnxpb.TypeProto_TensorType{TensorType: tensor}},
	}
}

func (d Dim) proto() *onnxpb.TensorShapeProto_Dimension {
	if d.name != "" {
		return &onnxpb.TensorShapeProto_Dimension{Value: &onnxpb.TensorShapeProto_Dimension_DimParam{DimParam: d.name}}
	}
	return &onnxpb.TensorShapeProto_Dimension{Value: &onnxpb.TensorShapeProto_Dimension_DimValue{DimValue: int64(d.size)}}
}
