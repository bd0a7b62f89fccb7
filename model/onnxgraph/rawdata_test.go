package onnxgraph_test

import (
	"bytes"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/sdl-batch/sdl-batch/model/onnxgraph"
	"github.com/sdl-batch/sdl-batch/model/onnxgraph/onnxpb"
	"github.com/sdl-batch/sdl-batch/model/tensor"
)

// weighty is a model that stores two tensors.
func weighty(t testing.TB) []byte {
	t.Helper()
	b := onnxgraph.New("weighty")
	x := b.Input("x", onnxgraph.Float32, onnxgraph.Size(300))
	w := tensor.New(300)
	w.Values[7] = 1
	b.Output("y", b.Add(x, b.Mul(b.Constant("w", w), b.Scalar(2))), onnxgraph.Float32, onnxgraph.Size(300))
	model, err := b.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return model
}

func TestRawDataIsReplaced(t *testing.T) {
	for _, with := range [][]byte{nil, []byte("short"), bytes.Repeat([]byte("long"), 1000)} {
		mapped, err := onnxgraph.MapRawData(weighty(t), func(int, []byte) []byte { return with })
		if err != nil {
			t.Fatal(err)
		}
		got, want := &onnxpb.ModelProto{}, &onnxpb.ModelProto{}
		if err := proto.Unmarshal(mapped, got); err != nil {
			t.Fatal(err)
		}
		if err := proto.Unmarshal(weighty(t), want); err != nil {
			t.Fatal(err)
		}
		for _, tensor := range want.Graph.Initializer {
			tensor.RawData = append([]byte{}, with...)
		}
		if !proto.Equal(got, want) || cap(mapped) != len(mapped) {
			t.Errorf("%d bytes for each: %v", len(with), got)
		}
	}
	model := weighty(t)
	places := map[int]int{}
	same, err := onnxgraph.MapRawData(model, func(at int, raw []byte) []byte {
		places[at] = len(raw)
		return model[at:][:len(raw)]
	})
	if err != nil || !bytes.Equal(same, model) || len(places) != 2 {
		t.Errorf("a copy of %v differs: %v", places, err)
	}
}

func FuzzMapRawData(f *testing.F) {
	f.Add(weighty(f))
	f.Add([]byte{0x3a, 0x02, 0x2a, 0x05})
	f.Fuzz(func(t *testing.T, model []byte) {
		mapped, err := onnxgraph.MapRawData(model, func(_ int, raw []byte) []byte { return raw })
		if err != nil {
			return
		}
		// Lengths may have been written with more bytes than they need.
		again, err := onnxgraph.MapRawData(mapped, func(_ int, raw []byte) []byte { return raw })
		if err != nil || !bytes.Equal(mapped, again) {
			t.Errorf("%x became %x and then %x, %v", model, mapped, again, err)
		}
	})
}
