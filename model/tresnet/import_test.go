package tresnet_test

import (
	"errors"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sdl-batch/sdl-batch/model/tensor"
	"github.com/sdl-batch/sdl-batch/model/tresnet"
)

var small = tresnet.Architecture{Layers: [4]int{1, 1, 2, 1}, Width: 0.125, Rows: 3, Dim: 8, InputSize: 32}

func TestImportInfersTheNet(t *testing.T) {
	for _, o := range []tresnet.ImportOptions{{Rows: 3}, {Dim: 8}, {Rows: 3, Dim: 8}} {
		o.InputSize = 32
		net, err := tresnet.Import(tresnet.New(small, 1), o)
		if err != nil {
			t.Fatal(err)
		}
		if net.Architecture != small || net.Seeded {
			t.Errorf("%+v, seeded %t", net.Architecture, net.Seeded)
		}
	}
}

func TestInferNamesThePresets(t *testing.T) {
	for _, preset := range []tresnet.Architecture{tresnet.M, tresnet.L, tresnet.XL} {
		want := preset.With(7, 300, 224)
		shapes := tresnet.Params{}
		for _, p := range want.Parameters() {
			shapes[p.Name] = tensor.Tensor{Shape: p.Shape}
		}
		got, err := tresnet.Infer(shapes, tresnet.ImportOptions{Rows: 7})
		if err != nil || got != want {
			t.Errorf("%+v, %v, want %+v", got, err, want)
		}
	}
}

// An ImageNet backbone, as saved from a data-parallel run.
func TestImportBackbone(t *testing.T) {
	file := map[string]tensor.Tensor{
		"module.head.fc.weight":                            tensor.New(10, 256),
		"module.head.fc.bias":                              tensor.New(10),
		"module.body.conv1.1.num_batches_tracked":          {Values: []float32{7}},
		"module.body.layer1.0.conv1.1.num_batches_tracked": {Values: []float32{7}},
	}
	for name, v := range tresnet.New(small, 1) {
		if name != tresnet.EmbeddingWeight {
			file["module.body."+name] = v
		}
	}
	o := tresnet.ImportOptions{Rows: 3, Dim: 8, InputSize: 32, Seed: 5}
	net, err := tresnet.Import(file, o)
	if err != nil {
		t.Fatal(err)
	}
	if tresnet.HasHead(file) || !tresnet.HasHead(map[string]tensor.Tensor{"module." + tresnet.EmbeddingWeight: {}}) {
		t.Error("a backbone has a head, or a head is none")
	}
	if !net.Seeded || net.Architecture != small || len(net.Dropped) != 4 {
		t.Errorf("seeded %t, %+v, dropped %v", net.Seeded, net.Architecture, net.Dropped)
	}
	again, _ := tresnet.Import(file, o)
	if !slices.Equal(again.Params[tresnet.EmbeddingWeight].Values, net.Params[tresnet.EmbeddingWeight].Values) {
		t.Error("the same seed gave another head")
	}
	if _, err := tresnet.Import(file, tresnet.ImportOptions{Dim: 8}); !errors.Is(err, tresnet.ErrNoHead) {
		t.Errorf("without rows: %v", err)
	}
}

func TestImportTakesWrappersOff(t *testing.T) {
	for _, wrapper := range []string{"module.", "model.", "body.", "module.body.", "model.module.", "module.module.body."} {
		file := map[string]tensor.Tensor{wrapper + "layer2.0.conv1.1.op.filt": blurKernel(16)}
		for name, v := range tresnet.New(small, 1) {
			file[wrapper+name] = v
		}
		net, err := tresnet.Import(file, tresnet.ImportOptions{Dim: 8, InputSize: 32})
		if err != nil || net.Architecture != small || net.Seeded || len(net.Dropped) != 1 {
			t.Errorf("%s: %v, %+v, dropped %v", wrapper, err, net.Architecture, net.Dropped)
		}
	}
}

// blurKernel is the buffer of a blur, as nets without its just-in-time form keep it.
func blurKernel(channels int) tensor.Tensor {
	t := tensor.New(channels, 1, 3, 3)
	for i := range t.Values {
		t.Values[i] = []float32{1, 2, 1, 2, 4, 2, 1, 2, 1}[i%9] / 16
	}
	return t
}

func TestImportErrorsNameTheTensors(t *testing.T) {
	scalar := tensor.Tensor{Shape: []int{8}, Values: make([]float32, 8)}
	tests := []struct {
		name   string
		change func(map[string]tensor.Tensor)
		want   string
	}{
		{"missing", func(f map[string]tensor.Tensor) { delete(f, "layer3.1.se.fc1.bias") }, "missing: layer3.1.se.fc1.bias"},
		{"gap in a stage", func(f map[string]tensor.Tensor) { f["layer3.3.conv1.1.bias"] = scalar }, "and"},
		{"unexpected", func(f map[string]tensor.Tensor) { f["layer1.0.conv9.weight"] = scalar }, "unexpected: layer1.0.conv9.weight"},
		{"misshapen", func(f map[string]tensor.Tensor) { f["layer2.0.conv2.1.bias"] = scalar }, "misshapen: layer2.0.conv2.1.bias is [8], want [16]"},
		{"shape and values differ", func(f map[string]tensor.Tensor) {
			f["conv1.1.bias"] = tensor.Tensor{Shape: []int{8}, Values: []float32{1}}
		}, "misshapen: conv1.1.bias"},
		{"not finite", func(f map[string]tensor.Tensor) {
			f["conv1.1.bias"] = tensor.Tensor{Shape: []int{8}, Values: []float32{1, 2, 3, 4, 5, 6, 7, float32(math.Inf(1))}}
		}, "not finite or of negative variance: conv1.1.bias"},
		{"negative variance", func(f map[string]tensor.Tensor) {
			f["conv1.1.running_var"] = tensor.Tensor{Shape: []int{8}, Values: []float32{-1, 2, 3, 4, 5, 6, 7, 8}}
		}, "not finite or of negative variance: conv1.1.running_var"},
		{"name with and without prefix", func(f map[string]tensor.Tensor) { f["body.conv1.1.bias"] = scalar }, "two tensors are called conv1.1.bias"},
		{"another blur", func(f map[string]tensor.Tensor) { f["layer2.0.conv1.1.op.filt"] = tensor.New(16, 1, 3, 3) }, "layer2.0.conv1.1.op.filt blurs otherwise"},
		{"a blur cut short", func(f map[string]tensor.Tensor) {
			f["layer2.0.conv1.1.op.filt"] = tensor.Tensor{Shape: []int{7}, Values: blurKernel(1).Values[:7]}
		}, "layer2.0.conv1.1.op.filt blurs otherwise"},
		{"no stem", func(f map[string]tensor.Tensor) { delete(f, "conv1.0.weight") }, "conv1.0.weight is missing"},
		{"stem of another rank", func(f map[string]tensor.Tensor) { f["conv1.0.weight"] = scalar }, "not of rank 4"},
		{"absurd width", func(f map[string]tensor.Tensor) {
			f["conv1.0.weight"] = tensor.Tensor{Shape: []int{1 << 40, 48, 3, 3}}
		}, "width"},
		{"head of another rank", func(f map[string]tensor.Tensor) { f[tresnet.EmbeddingWeight] = scalar }, "rank 1, want 2"},
		{"head of another size", func(f map[string]tensor.Tensor) { f[tresnet.EmbeddingWeight] = tensor.New(25, 256) }, "25 rows, no multiple of 8"},
		{"nothing", func(f map[string]tensor.Tensor) { clear(f) }, "no tensor of layer1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			file := maps.Clone(map[string]tensor.Tensor(tresnet.New(small, 1)))
			tt.change(file)
			_, err := tresnet.Import(file, tresnet.ImportOptions{Dim: 8, InputSize: 32})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}

func TestNewIsSeeded(t *testing.T) {
	if diff := cmp.Diff(tresnet.New(small, 3), tresnet.New(small, 3)); diff != "" {
		t.Error("the same seed gave other values")
	}
	a, b := tresnet.New(small, 3), tresnet.New(small, 4)
	if slices.Equal(a["conv1.0.weight"].Values, b["conv1.0.weight"].Values) {
		t.Error("another seed gave the same values")
	}
}
