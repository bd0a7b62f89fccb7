package tresnet_test

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sdl-batch/sdl-batch/model/golden"
	"github.com/sdl-batch/sdl-batch/model/ort"
	"github.com/sdl-batch/sdl-batch/model/ort/orttest"
	"github.com/sdl-batch/sdl-batch/model/tresnet"
)

// The graph of bytes does what the graph of floats does, which the reference
// vouches for; with means it pads with the mean, as the float graph does.
func TestPixelsMatchFloats(t *testing.T) {
	orttest.Load(t)
	tests := []struct {
		name  string
		input tresnet.Input
	}{
		{"a 255th", tresnet.Input{}},
		{"mean and deviation", tresnet.Input{Mean: [3]float64{0.485, 0.456, 0.406}, Std: [3]float64{0.229, 0.224, 0.225}}},
		{"another scale", tresnet.Input{Scale: 1.0 / 127.5, Mean: [3]float64{1, 1, 1}}},
	}
	net := imported(t, describe(t, golden.Read(t, "tresnet_tiny")), 100)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			pixels := noise(3, 100)
			want := run(t, net, normalised(pixels, 3, 100, tt.input))
			if err := golden.RelativeError(embed(t, net, tt.input, pixels, 3), want); err > 1e-5 {
				t.Errorf("relative error %.3g", err)
			}
		})
	}
}

func TestUntrainedNetTellsImagesApart(t *testing.T) {
	orttest.Load(t)
	a := tresnet.Architecture{Layers: tresnet.M.Layers, Width: 0.25, Rows: 4, Dim: 32, InputSize: 64}
	net := tresnet.Imported{Architecture: a, Params: tresnet.New(a, 1)}
	pixels := noise(2, 64)
	for i := range pixels[:64*64*3] {
		pixels[i] = uint8(i / (64 * 3) * 4) // a ramp beside the noise
	}
	out := embed(t, net, tresnet.Input{}, pixels, 2)
	one, other := out[:128], out[128:]
	var length float64
	for _, v := range out {
		length += float64(v) * float64(v)
	}
	if math.IsNaN(length) || length < 1e-3 || length > 1e9 {
		t.Errorf("embeddings of squared length %g", length)
	}
	if d := golden.RelativeError(one, other); d < 0.01 {
		t.Errorf("two images differ by %.3g only", d)
	}
}

func TestGraphIsTheSameEachTime(t *testing.T) {
	var first []byte
	for range 3 {
		g, err := tresnet.Graph(small, tresnet.New(small, 1), tresnet.Input{})
		if err != nil {
			t.Fatal(err)
		}
		if first != nil && !bytes.Equal(first, g) {
			t.Fatal("the same net gave another graph")
		}
		first = g
	}
}

func TestGraphRefusesAnotherNetsParameters(t *testing.T) {
	other := small
	other.Layers[2]++
	_, err := tresnet.Graph(other, tresnet.New(small, 1), tresnet.Input{})
	if err == nil || !strings.Contains(err.Error(), "missing: layer3.2.conv1.0.weight") {
		t.Error(err)
	}
}

// The runtime changes the layout once on the way in and once on the way out,
// also where widths are no multiple of its blocks and sides are odd.
func TestGraphStaysInTheBlockedLayout(t *testing.T) {
	orttest.Load(t)
	a := tresnet.Architecture{Layers: [4]int{2, 2, 2, 2}, Width: 0.37, Rows: 2, Dim: 8, InputSize: 100}
	prefix := filepath.Join(t.TempDir(), "profile")
	model, err := tresnet.Graph(a, tresnet.New(a, 1), tresnet.Input{})
	if err != nil {
		t.Fatal(err)
	}
	e, err := ort.NewEmbedder(model, ort.Options{Device: ort.Device{Provider: ort.CPU}, Profile: prefix})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Embed(context.Background(), noise(1, 100), 1, make([]float32, 16)); err != nil {
		t.Fatal(err)
	}
	e.Close()
	count := operators(t, prefix)
	if count["Conv"] == 0 || count["ReorderInput"] > 1 || count["ReorderOutput"] > 1 {
		t.Errorf("operators run: %v", count)
	}
}

// operators counts the operators in the runtime's profile.
func operators(t *testing.T, prefix string) map[string]int {
	t.Helper()
	files, _ := filepath.Glob(prefix + "*.json")
	if len(files) != 1 {
		t.Fatalf("profiles %v", files)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	var events []struct {
		Name string
		Args struct {
			Operator string `json:"op_name"`
		}
	}
	if err := json.Unmarshal(text, &events); err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, e := range events {
		if strings.HasSuffix(e.Name, "_kernel_time") {
			count[e.Args.Operator]++
		}
	}
	return count
}

func noise(n, size int) []uint8 {
	random := rand.New(rand.NewPCG(1, 2))
	pixels := make([]uint8, n*size*size*3)
	for i := range pixels {
		pixels[i] = uint8(random.Uint32())
	}
	return pixels
}

// normalised are pixels [n,S,S,3] as the net takes them, [n,3,S,S].
func normalised(pixels []uint8, n, size int, in tresnet.Input) golden.Tensor {
	x := golden.Tensor{Shape: []int{n, 3, size, size}, Values: make([]float32, len(pixels))}
	scale := in.Scale
	if scale == 0 {
		scale = 1.0 / 255
	}
	area := size * size
	for i, p := range pixels {
		c := i % 3
		v := float64(p)*scale - in.Mean[c]
		if in.Std[c] != 0 {
			v /= in.Std[c]
		}
		image, place := i/(3*area), i/3%area
		x.Values[(image*3+c)*area+place] = float32(v)
	}
	return x
}

func embed(t *testing.T, net tresnet.Imported, in tresnet.Input, pixels []uint8, n int) []float32 {
	t.Helper()
	model, err := tresnet.Graph(net.Architecture, net.Params, in)
	if err != nil {
		t.Fatal(err)
	}
	e, err := ort.NewEmbedder(model, ort.Options{Device: ort.Device{Provider: ort.CPU}})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	out := make([]float32, n*e.Rows()*e.Dim())
	if err := e.Embed(context.Background(), pixels, n, out); err != nil {
		t.Fatal(err)
	}
	return out
}
