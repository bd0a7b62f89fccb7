package ort_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/sdl-batch/sdl-batch/model/onnxgraph/onnxpb"
	"github.com/sdl-batch/sdl-batch/model/ort"
)

// changed is the increment model with a change.
func changed(t testing.TB, change func(*onnxpb.ModelProto)) []byte {
	t.Helper()
	m := &onnxpb.ModelProto{}
	if err := proto.Unmarshal(increment(t), m); err != nil {
		t.Fatal(err)
	}
	change(m)
	raw, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func external() *onnxpb.TensorProto {
	return &onnxpb.TensorProto{
		Name:         proto.String("secret"),
		DataLocation: onnxpb.TensorProto_EXTERNAL.Enum(),
		ExternalData: []*onnxpb.StringStringEntryProto{{Key: proto.String("location"), Value: proto.String("../../etc/passwd")}},
	}
}

func constant(a *onnxpb.AttributeProto) *onnxpb.NodeProto {
	a.Name = proto.String("value")
	return &onnxpb.NodeProto{OpType: proto.String("Constant"), Output: []string{"c"}, Attribute: []*onnxpb.AttributeProto{a}}
}

func TestCheckRefusesWhatReachesOutside(t *testing.T) {
	add := func(n *onnxpb.NodeProto) func(*onnxpb.ModelProto) {
		return func(m *onnxpb.ModelProto) { m.Graph.Node = append(m.Graph.Node, n) }
	}
	sparse := &onnxpb.SparseTensorProto{Values: external()}
	inner := &onnxpb.GraphProto{Node: []*onnxpb.NodeProto{constant(&onnxpb.AttributeProto{T: external()})}}
	tests := []struct {
		name, want string
		change     func(*onnxpb.ModelProto)
	}{
		{"weight", `"secret"`, func(m *onnxpb.ModelProto) { m.Graph.Initializer = append(m.Graph.Initializer, external()) }},
		{"location without external flag", `"secret"`, func(m *onnxpb.ModelProto) {
			w := external()
			w.DataLocation = nil
			m.Graph.Initializer = append(m.Graph.Initializer, w)
		}},
		{"sparse weight", `"secret"`, func(m *onnxpb.ModelProto) {
			m.Graph.SparseInitializer = append(m.Graph.SparseInitializer, sparse)
		}},
		{"attribute", `"secret"`, add(constant(&onnxpb.AttributeProto{T: external()}))},
		{"attribute list", `"secret"`, add(constant(&onnxpb.AttributeProto{Tensors: []*onnxpb.TensorProto{external()}}))},
		{"sparse attribute", `"secret"`, add(constant(&onnxpb.AttributeProto{SparseTensor: sparse}))},
		{"inner graph", `"secret"`, add(&onnxpb.NodeProto{OpType: proto.String("If"), Attribute: []*onnxpb.AttributeProto{{Name: proto.String("then_branch"), G: inner}}})},
		{"graph list", `"secret"`, add(&onnxpb.NodeProto{OpType: proto.String("If"), Attribute: []*onnxpb.AttributeProto{{Name: proto.String("g"), Graphs: []*onnxpb.GraphProto{inner}}}})},
		{"function", `"secret"`, func(m *onnxpb.ModelProto) {
			m.Functions = []*onnxpb.FunctionProto{{Name: proto.String("f"), Domain: proto.String("mine"), Node: inner.Node}}
		}},
		{"function's default attribute", `"secret"`, func(m *onnxpb.ModelProto) {
			body, _ := proto.Marshal(&onnxpb.AttributeProto{Name: proto.String("value"), T: external()})
			f := &onnxpb.FunctionProto{Name: proto.String("f"), Domain: proto.String("mine")}
			f.ProtoReflect().SetUnknown(protowire.AppendBytes(protowire.AppendTag(nil, 11, protowire.BytesType), body))
			m.Functions = []*onnxpb.FunctionProto{f}
		}},
		{"training graph", `"secret"`, func(m *onnxpb.ModelProto) { m.TrainingInfo = []*onnxpb.TrainingInfoProto{{Algorithm: inner}} }},
		{"custom operator", `foreign domain "evil"`, add(&onnxpb.NodeProto{OpType: proto.String("Run"), Domain: proto.String("evil")})},
		{"compiled context", "EPContext", add(&onnxpb.NodeProto{OpType: proto.String("EPContext"), Domain: proto.String("com.microsoft")})},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			model := changed(t, tt.change)
			err := ort.Check(model)
			if !errors.Is(err, ort.ErrRefused) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
			if _, err := ort.Inspect(model); !errors.Is(err, ort.ErrRefused) {
				t.Errorf("inspect: %v", err)
			}
		})
	}
}

func TestCheckAllowsOwnFunctions(t *testing.T) {
	model := changed(t, func(m *onnxpb.ModelProto) {
		m.Functions = []*onnxpb.FunctionProto{{Name: proto.String("f"), Domain: proto.String("mine")}}
		m.Graph.Node = append(m.Graph.Node, &onnxpb.NodeProto{OpType: proto.String("f"), Domain: proto.String("mine")})
	})
	if err := ort.Check(model); err != nil {
		t.Error(err)
	}
}

func TestInspect(t *testing.T) {
	got, err := ort.Inspect(increment(t))
	if err != nil {
		t.Fatal(err)
	}
	dims := []ort.Dim{{Name: "n"}}
	want := ort.Model{Producer: "sdl-batch", Opset: 17, Inputs: []ort.Port{{"x", "float", dims}}, Outputs: []ort.Port{{"y", "float", dims}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []string{"", "hello", "\x08\x08"} {
		if _, err := ort.Inspect([]byte(bad)); err == nil {
			t.Errorf("%q is a model", bad)
		}
	}
}

func FuzzInspect(f *testing.F) {
	whole := increment(f)
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	f.Add(changed(f, func(m *onnxpb.ModelProto) { m.Graph.Initializer[0] = external() }))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, model []byte) {
		m, err := ort.Inspect(model)
		if err == nil && (len(m.Inputs) == 0 || len(m.Outputs) == 0) {
			t.Error("a model without inputs or outputs")
		}
	})
}
