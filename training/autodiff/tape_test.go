package autodiff_test

import (
	"errors"
	"testing"

	"github.com/sdl-batch/sdl-batch/model/onnxgraph"
	"github.com/sdl-batch/sdl-batch/training/autodiff"
)

func TestRefusesWhatItCannotDifferentiate(t *testing.T) {
	one := onnxgraph.Sizes(1)
	for _, tt := range []struct {
		name  string
		build func(b *builder) (y *value, of []*value)
		is    error
	}{
		{"operator without a rule", func(b *builder) (*value, []*value) {
			x := b.Input("x", onnxgraph.Float32, one...)
			return b.Max(x, b.Scalar(0)), []*value{x}
		}, autodiff.ErrNoGradient},
		{"several numbers", func(b *builder) (*value, []*value) {
			x := b.Input("x", onnxgraph.Float32, onnxgraph.Size(2))
			return b.Relu(x), []*value{x}
		}, nil},
		{"free axis", func(b *builder) (*value, []*value) {
			x := b.Input("x", onnxgraph.Float32, onnxgraph.Free("n"))
			return b.Sums(x, 0), []*value{x}
		}, nil},
		{"grouped convolution", func(b *builder) (*value, []*value) {
			x := b.Input("x", onnxgraph.Float32, onnxgraph.Sizes(1, 2, 1, 1)...)
			w := b.Input("w", onnxgraph.Float32, onnxgraph.Sizes(2, 1, 1, 1)...)
			return b.Sums(b.Conv(x, w, nil, onnxgraph.Convolution{Kernel: [2]int{1, 1}, Groups: 2}), 0, 1, 2, 3), []*value{w}
		}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := onnxgraph.New("refused")
			y, of := tt.build(b)
			_, err := autodiff.Gradients(b, y, of)
			if err == nil || tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("error %v, want %v", err, tt.is)
			}
		})
	}
}

// What y does not depend on has no gradient.
func TestNoGradientOfWhatDoesNotCount(t *testing.T) {
	b := onnxgraph.New("idle")
	x := b.Input("x", onnxgraph.Float32, onnxgraph.Size(1))
	idle := b.Input("idle", onnxgraph.Float32, onnxgraph.Size(1))
	y := b.Mul(b.Relu(x), b.Sign(idle))
	gradients, err := autodiff.Gradients(b, y, []*value{x, idle})
	if err != nil {
		t.Fatal(err)
	}
	if gradients[0] == nil || gradients[1] != nil {
		t.Errorf("gradients %v", gradients)
	}
}
