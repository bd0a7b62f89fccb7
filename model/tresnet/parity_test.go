package tresnet_test

import (
	"context"
	"os"
	"testing"

	"github.com/sdl-batch/sdl-batch/model/golden"
	"github.com/sdl-batch/sdl-batch/model/ort"
	"github.com/sdl-batch/sdl-batch/model/ort/orttest"
	"github.com/sdl-batch/sdl-batch/model/tensor"
	"github.com/sdl-batch/sdl-batch/model/torchfile"
	"github.com/sdl-batch/sdl-batch/model/tresnet"
)

// The reference's own net: odd and even sides at every stage.
func TestGraphMatchesReference(t *testing.T) {
	orttest.Load(t)
	want := golden.Read(t, "tresnet_tiny")
	for _, size := range []string{"64", "96", "100"} {
		t.Run(size, func(t *testing.T) {
			x, y := want.Tensors["input_"+size], want.Tensors["output_"+size]
			net := tiny(t, x.Shape[2])
			got := run(t, net, x)
			if err := golden.RelativeError(got, rowsFirst(y, net.Architecture)); err > 1e-5 {
				t.Errorf("relative error %.3g", err)
			}
		})
	}
}

func tiny(t *testing.T, size int) tresnet.Imported {
	t.Helper()
	tensors := checkpoint(t, golden.Path("tresnet_tiny.pth"))
	net, err := tresnet.Import(tensors, tresnet.ImportOptions{Dim: 300, InputSize: size})
	if err != nil {
		t.Fatal(err)
	}
	return net
}

func checkpoint(t *testing.T, path string) map[string]tensor.Tensor {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	c, err := torchfile.Open(f, info.Size())
	if err != nil {
		t.Fatal(err)
	}
	tensors := map[string]tensor.Tensor{}
	for _, name := range c.Names() {
		if !tresnet.Needed(name) {
			continue
		}
		if tensors[name], err = c.Tensor(name); err != nil {
			t.Fatal(err)
		}
	}
	return tensors
}

// run computes the matrices [n,K,D] of float images [n,3,S,S].
func run(t *testing.T, net tresnet.Imported, x golden.Tensor) []float32 {
	t.Helper()
	model, err := tresnet.Graph(net.Architecture, net.Params, tresnet.Input{Floats: true})
	if err != nil {
		t.Fatal(err)
	}
	s, err := ort.NewSession(model, ort.Options{Device: ort.Device{Provider: ort.CPU}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	n, a := x.Shape[0], net.Architecture
	out := make([]float32, n*a.Rows*a.Dim)
	err = s.Run(context.Background(), []ort.Tensor{ort.Lend(x.Values, x.Shape...)}, []ort.Tensor{ort.Lend(out, n, a.Rows, a.Dim)})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// rowsFirst reorders the reference's output [n,D·K] to [n,K,D].
func rowsFirst(y golden.Tensor, a tresnet.Architecture) []float32 {
	out := make([]float32, len(y.Values))
	for i := range y.Shape[0] {
		for d := range a.Dim {
			for k := range a.Rows {
				out[(i*a.Rows+k)*a.Dim+d] = y.Values[(i*a.Dim+d)*a.Rows+k]
			}
		}
	}
	return out
}
