package onnxgraph

import (
	"maps"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/sdl-batch/sdl-batch/model/onnxgraph/onnxpb"
)

// Attrs are a node's attributes: int, []int, float64, bool (as 0 or 1), string
// or ElementType.
type Attrs map[string]any

func (b *Builder) attributes(n *Node) []*onnxpb.AttributeProto {
	var list []*onnxpb.AttributeProto
	for _, name := range slices.Sorted(maps.Keys(n.Attrs)) {
		a := &onnxpb.AttributeProto{Name: proto.String(name)}
		if !setAttribute(a, n.Attrs[name]) {
			b.fail("%s: attribute %s is a %T", n.Op, name, n.Attrs[name])
		}
		list = append(list, a)
	}
	return list
}

func setAttribute(a *onnxpb.AttributeProto, value any) bool {
	switch v := value.(type) {
	case int:
		setInt(a, int64(v))
	case ElementType:
		setInt(a, int64(v))
	case bool:
		setInt(a, map[bool]int64{true: 1}[v])
	case float64:
		a.Type, a.F = onnxpb.AttributeProto_FLOAT.Enum(), proto.Float32(float32(v))
	case string:
		a.Type, a.S = onnxpb.AttributeProto_STRING.Enum(), []byte(v)
	case []int:
		a.Type = onnxpb.AttributeProto_INTS.Enum()
		for _, i := range v {
			a.Ints = append(a.Ints, int64(i))
		}
	default:
		return false
	}
	return true
}

func setInt(a *onnxpb.AttributeProto, v int64) {
	a.Type, a.I = onnxpb.AttributeProto_INT.Enum(), proto.Int64(v)
}
