package onnxgraph_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"

	"github.com/sdl-batch/sdl-batch/model/onnxgraph"
	"github.com/sdl-batch/sdl-batch/model/onnxgraph/onnxpb"
	"github.com/sdl-batch/sdl-batch/model/tensor"
)

func affine() *onnxgraph.Builder {
	b := onnxgraph.New("affine")
	x := b.Input("x", onnxgraph.Float32, onnxgraph.Free("n"), onnxgraph.Size(2))
	w := b.Constant("w", tensor.Tensor{Shape: []int{2, 1}, Values: []float32{2, -3}})
	b.Output("y", b.LeakyRelu(b.MatMul(x, w), 0.5), onnxgraph.Float32, onnxgraph.Free("n"), onnxgraph.Size(1))
	return b
}

func TestBytesAreTheSameEachTime(t *testing.T) {
	first, err := affine().Bytes()
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if again, _ := affine().Bytes(); !bytes.Equal(first, again) {
			t.Fatal("the same graph gave other bytes")
		}
	}
}

func TestModelIsWhatOnnxAsksFor(t *testing.T) {
	raw, err := affine().Bytes()
	if err != nil {
		t.Fatal(err)
	}
	m := &onnxpb.ModelProto{}
	if err := proto.Unmarshal(raw, m); err != nil {
		t.Fatal(err)
	}
	if m.GetIrVersion() != 8 || m.GetProducerName() != "sdl-batch" || m.GetOpsetImport()[0].GetVersion() != 17 {
		t.Errorf("header %d %q %v", m.GetIrVersion(), m.GetProducerName(), m.GetOpsetImport())
	}
	g := m.GetGraph()
	var lines []string
	for _, n := range g.GetNode() {
		lines = append(lines, n.GetName()+" "+strings.Join(n.GetInput(), ",")+" "+strings.Join(n.GetOutput(), ","))
	}
	if diff := cmp.Diff([]string{"MatMul_0 x,w t1", "LeakyRelu_1 t1 y"}, lines); diff != "" {
		t.Error(diff)
	}
	if a := g.GetNode()[1].GetAttribute()[0]; a.GetName() != "alpha" || a.GetF() != 0.5 || a.GetType() != onnxpb.AttributeProto_FLOAT {
		t.Errorf("attribute %v", a)
	}
	if w := g.GetInitializer()[0]; len(w.GetRawData()) != 8 || w.GetRawData()[7] != 0xc0 || w.GetDataType() != 1 {
		t.Errorf("constant %v", w)
	}
	if d := g.GetInput()[0].GetType().GetTensorType().GetShape().GetDim(); d[0].GetDimParam() != "n" || d[1].GetDimValue() != 2 {
		t.Errorf("input dims %v", d)
	}
}

func TestBytesReportsMistakes(t *testing.T) {
	tests := []struct {
		name, want string
		build      func(*onnxgraph.Builder, *onnxgraph.Value)
	}{
		{"attribute of an unknown kind", "attribute a is a []float64", func(b *onnxgraph.Builder, x *onnxgraph.Value) {
			b.Node("Relu", 1, onnxgraph.Attrs{"a": []float64{1}}, x)
		}},
		{"constant that does not fit its shape", "constant w: tensor: shape [3] holds 3 values, got 2", func(b *onnxgraph.Builder, _ *onnxgraph.Value) {
			b.Constant("w", tensor.Tensor{Shape: []int{3}, Values: []float32{1, 2}})
		}},
		{"name used twice", `two values are called "x"`, func(b *onnxgraph.Builder, _ *onnxgraph.Value) {
			b.Constant("x", tensor.New(1))
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := onnxgraph.New("g")
			tt.build(b, b.Input("x", onnxgraph.Float32, onnxgraph.Size(1)))
			if _, err := b.Bytes(); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}
