package ort_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sdl-batch/sdl-batch/model/onnxgraph"
	"github.com/sdl-batch/sdl-batch/model/ort"
	"github.com/sdl-batch/sdl-batch/model/ort/orttest"
	"github.com/sdl-batch/sdl-batch/model/tensor"
)

var cpu = ort.Options{Device: ort.Device{Provider: ort.CPU}, Threads: 1}

// increment is the graph y = x + 1 over [n].
func increment(t testing.TB) []byte {
	t.Helper()
	b := onnxgraph.New("increment")
	x := b.Input("x", onnxgraph.Float32, onnxgraph.Free("n"))
	b.Output("y", b.Add(x, b.Scalar(1)), onnxgraph.Float32, onnxgraph.Free("n"))
	return bytesOf(t, b)
}

func bytesOf(t testing.TB, b *onnxgraph.Builder) []byte {
	t.Helper()
	model, err := b.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return model
}

func open(t *testing.T, model []byte) *ort.Session {
	t.Helper()
	orttest.Load(t)
	s, err := ort.NewSession(model, cpu)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestRunTakesAnyLength(t *testing.T) {
	s := open(t, increment(t))
	for _, n := range []int{3, 1, 7} {
		x, y := make([]float32, n), make([]float32, n)
		x[n-1] = 41
		if err := s.Run(context.Background(), []ort.Tensor{ort.Lend(x, n)}, []ort.Tensor{ort.Lend(y, n)}); err != nil {
			t.Fatal(err)
		}
		if y[n-1] != 42 {
			t.Errorf("%d values: %v", n, y)
		}
	}
}

func TestShapeIsWhatARunGives(t *testing.T) {
	s := open(t, increment(t))
	shape, err := s.Shape(context.Background(), []ort.Tensor{ort.Lend(make([]float32, 5), 5)})
	if err != nil || len(shape) != 1 || shape[0] != 5 {
		t.Errorf("%v %v", shape, err)
	}
	if _, err := s.Shape(context.Background(), []ort.Tensor{ort.Lend([]float32{1}, 3)}); err == nil {
		t.Error("too few values have a shape")
	}
}

func TestRunErrors(t *testing.T) {
	s := open(t, increment(t))
	x := ort.Lend(make([]float32, 3), 3)
	tests := []struct {
		name    string
		in, out []ort.Tensor
	}{
		{"no input", nil, []ort.Tensor{x}},
		{"too few values", []ort.Tensor{ort.Lend([]float32{1}, 3)}, []ort.Tensor{x}},
		{"another type", []ort.Tensor{ort.Lend([]int64{1, 2, 3}, 3)}, []ort.Tensor{x}},
		{"another rank", []ort.Tensor{ort.Lend(make([]float32, 3), 3, 1)}, []ort.Tensor{x}},
		{"output of another length", []ort.Tensor{x}, []ort.Tensor{ort.Lend(make([]float32, 2), 2)}},
		{"nothing", []ort.Tensor{ort.Lend([]float32{}, 0)}, []ort.Tensor{x}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := s.Run(context.Background(), tt.in, tt.out); err == nil || !strings.HasPrefix(err.Error(), "ort: run: ") {
				t.Error(err)
			}
		})
	}
	s.Close()
	if err := s.Run(context.Background(), []ort.Tensor{x}, []ort.Tensor{x}); err == nil {
		t.Error("a closed session ran")
	}
}

func TestRunEndsWithTheContextsCause(t *testing.T) {
	s := open(t, longChain(t))
	why := errors.New("enough")
	ctx, cancel := context.WithCancelCause(context.Background())
	time.AfterFunc(20*time.Millisecond, func() { cancel(why) })
	x, y := make([]float32, 512*512), make([]float32, 512*512)
	for {
		// The chain takes seconds; only a cancelled run returns early.
		err := s.Run(ctx, []ort.Tensor{ort.Lend(x, 512, 512)}, []ort.Tensor{ort.Lend(y, 512, 512)})
		if err != nil {
			if !errors.Is(err, why) {
				t.Error(err)
			}
			break
		}
	}
	if err := s.Run(ctx, nil, nil); !errors.Is(err, why) {
		t.Errorf("a run begun after the cancellation: %v", err)
	}
}

// longChain is x multiplied with a matrix again and again.
func longChain(t *testing.T) []byte {
	b := onnxgraph.New("chain")
	dims := onnxgraph.Sizes(512, 512)
	w := b.Constant("w", tensor.New(512, 512))
	x := b.Input("x", onnxgraph.Float32, dims...)
	for range 500 {
		x = b.MatMul(x, w)
	}
	b.Output("y", x, onnxgraph.Float32, dims...)
	return bytesOf(t, b)
}
