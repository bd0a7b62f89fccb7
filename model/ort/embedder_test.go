package ort_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sdl-batch/sdl-batch/model/onnxgraph"
	"github.com/sdl-batch/sdl-batch/model/ort"
	"github.com/sdl-batch/sdl-batch/model/ort/orttest"
)

// copies gives the pixels [n,2,2,3] as matrices [n,3,4].
func copies(t *testing.T, input onnxgraph.ElementType, in, out []onnxgraph.Dim) []byte {
	b := onnxgraph.New("copies")
	x := b.Input("pixels", input, in...)
	b.Output("embedding", b.Reshape(b.Cast(x, onnxgraph.Float32), 0, 3, 4), onnxgraph.Float32, out...)
	return bytesOf(t, b)
}

func with(n onnxgraph.Dim, rest ...int) []onnxgraph.Dim {
	return append([]onnxgraph.Dim{n}, onnxgraph.Sizes(rest...)...)
}

func TestEmbedTakesAnyBatch(t *testing.T) {
	orttest.Load(t)
	n := onnxgraph.Free("n")
	e, err := ort.NewEmbedder(copies(t, onnxgraph.Uint8, with(n, 2, 2, 3), with(n, 3, 4)), cpu)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if e.InputSize() != 2 || e.Rows() != 3 || e.Dim() != 4 || e.Device().Provider != ort.CPU {
		t.Errorf("S %d, K %d, D %d on %s", e.InputSize(), e.Rows(), e.Dim(), e.Device())
	}
	pixels := make([]uint8, 5*12) // a slab with room for five
	for i := range pixels {
		pixels[i] = uint8(250 - i)
	}
	for _, n := range []int{5, 2, 1, 4} {
		out, want := make([]float32, 5*12), make([]float32, 5*12)
		for i := range n * 12 {
			want[i] = float32(pixels[i])
		}
		if err := e.Embed(context.Background(), pixels, n, out); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, out); diff != "" {
			t.Errorf("%d images: %s", n, diff)
		}
	}
	for _, bad := range []struct{ pixels, n, out int }{{12, 0, 12}, {11, 1, 12}, {12, 1, 11}, {12, 2, 24}} {
		if err := e.Embed(context.Background(), make([]uint8, bad.pixels), bad.n, make([]float32, bad.out)); err == nil {
			t.Errorf("%+v was embedded", bad)
		}
	}
}

// TestAFixedBatchIsRunAgainAndAgain wants the same matrices however many images
// there are: what fills the last run up must show nowhere.
func TestAFixedBatchIsRunAgainAndAgain(t *testing.T) {
	orttest.Load(t)
	three := onnxgraph.Size(3)
	e, err := ort.NewEmbedder(copies(t, onnxgraph.Uint8, with(three, 2, 2, 3), with(three, 3, 4)), cpu)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if e.Batch() != 3 {
		t.Errorf("%d images a run", e.Batch())
	}
	pixels := make([]uint8, 9*12)
	for i := range pixels {
		pixels[i] = uint8(250 - i)
	}
	for n := 1; n <= 8; n++ {
		out, want := make([]float32, 9*12), make([]float32, 9*12)
		for i := range n * 12 {
			want[i] = float32(pixels[i])
		}
		if err := e.Embed(context.Background(), pixels, n, out); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, out); diff != "" {
			t.Errorf("%d images: %s", n, diff)
		}
	}
}

func TestNewEmbedderRefusesOtherGraphs(t *testing.T) {
	orttest.Load(t)
	n := onnxgraph.Free("n")
	good := with(n, 2, 2, 3)
	tests := []struct {
		name  string
		model []byte
		want  string
	}{
		{"floats", copies(t, onnxgraph.Float32, good, with(n, 3, 4)), "pixels is float [n 2 2 3]"},
		{"channels first", copies(t, onnxgraph.Uint8, with(n, 3, 2, 2), with(n, 3, 4)), "pixels is uint8 [n 3 2 2]"},
		{"fixed batch", copies(t, onnxgraph.Uint8, with(onnxgraph.Size(1), 2, 2, 3), with(n, 3, 4)), "embedding is float [n 3 4], want float [1 K D]"},
		{"free rows", copies(t, onnxgraph.Uint8, good, []onnxgraph.Dim{n, onnxgraph.Free("k"), onnxgraph.Size(4)}), "embedding is float [n k 4]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := ort.NewEmbedder(tt.model, cpu); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}
