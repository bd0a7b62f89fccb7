package tresnet_test

import (
	"context"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/sdl-batch/sdl-batch/model/golden"
	"github.com/sdl-batch/sdl-batch/model/ort"
	"github.com/sdl-batch/sdl-batch/model/ort/orttest"
	"github.com/sdl-batch/sdl-batch/model/tensor"
	"github.com/sdl-batch/sdl-batch/model/torchfile"
	"github.com/sdl-batch/sdl-batch/model/tresnet"
)

// described is what the golden pair tells of its net.
type described struct {
	Layers    []int
	Width     float64 `json:"width_factor"`
	Rows, Dim int
}

func describe(t *testing.T, file golden.File) described {
	t.Helper()
	var d described
	if err := json.Unmarshal(file.Meta, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// The reference's own net: odd and even sides at every stage.
func TestGraphMatchesReference(t *testing.T) {
	orttest.Load(t)
	want := golden.Read(t, "tresnet_tiny")
	compared := 0
	for name, x := range want.Tensors {
		size, isInput := strings.CutPrefix(name, "input_")
		if !isInput {
			continue
		}
		compared++
		t.Run(size, func(t *testing.T) {
			net := imported(t, describe(t, want), x.Shape[2])
			got := run(t, net, x)
			err := golden.RelativeError(got, rowsFirst(want.Tensors["output_"+size], net.Architecture))
			t.Logf("relative error %.2g", err)
			if err > 1e-4 {
				t.Errorf("relative error %.3g", err)
			}
		})
	}
	if compared == 0 {
		t.Error("the golden pair has no input")
	}
}

// imported is the golden checkpoint's net, whose shape must be as described.
func imported(t *testing.T, want described, size int) tresnet.Imported {
	t.Helper()
	tensors := checkpoint(t, golden.Path("tresnet_tiny.pth"))
	net, err := tresnet.Import(tensors, tresnet.ImportOptions{Dim: want.Dim, InputSize: size})
	if err != nil {
		t.Fatal(err)
	}
	if a := net.Architecture; !slices.Equal(a.Layers[:], want.Layers) || a.Rows != want.Rows || int(64*a.Width) != int(64*want.Width) {
		t.Fatalf("inferred %+v, want %+v", a, want)
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
