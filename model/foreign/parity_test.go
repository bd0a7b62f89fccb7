package foreign_test

import (
	"encoding/binary"
	"math"
	"os"
	"testing"

	"github.com/sdl-batch/sdl-batch/model/foreign"
	"github.com/sdl-batch/sdl-batch/model/ort"
	"github.com/sdl-batch/sdl-batch/model/ort/orttest"
)

// clipPixels is CLIP's preprocessing of a square of 32 pixels.
func clipPixels(name string) foreign.Input {
	return foreign.Input{
		Name: name, Type: foreign.Float32, Layout: foreign.NCHW, Size: 32, Scale: 1.0 / 255,
		Mean: [3]float64{0.48145466, 0.4578275, 0.40821073}, Std: [3]float64{0.26862954, 0.26130258, 0.27577711},
	}
}

// TestAgainstPyTorch runs encoders that PyTorch exported on pixels that PyTorch
// embedded, too; testdata/README.md tells how.
func TestAgainstPyTorch(t *testing.T) {
	orttest.Load(t)
	pairs := clipPixels("input")
	pairs.Batch = 2
	for _, c := range []struct {
		name, file, want string
		spec             foreign.Spec
	}{
		{"CLIP's image half", "clip.onnx", "image.raw", foreign.Spec{
			Input: clipPixels("pixel_values"), Output: foreign.Output{Name: "image_embeds", Layout: foreign.ND, Rows: 1, Dim: 12}}},
		{"patches behind a class token", "clip.onnx", "tokens.raw", foreign.Spec{
			Input: clipPixels("pixel_values"), Output: foreign.Output{Name: "last_hidden_state", Layout: foreign.NKD, Skip: 1, Rows: 16, Dim: 12}}},
		{"two images a run", "patches.onnx", "tokens.raw", foreign.Spec{
			Input: pairs, Output: foreign.Output{Name: "tokens", Layout: foreign.NKD, Skip: 1, Rows: 16, Dim: 12}}},
		{"a flat head, dimension first", "head.onnx", "head.raw", foreign.Spec{
			Input: clipPixels("x"), Output: foreign.Output{Name: "y", Layout: foreign.NDK, Rows: 3, Dim: 4}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := embed(t, read(t, c.file), c.spec, read(t, "pixels.raw"), 3)
			near(t, got, expected(floats(read(t, c.want)), c.spec.Output), 2e-5)
		})
	}
}

// expected brings PyTorch's output to [n,K,D].
func expected(raw []float32, o foreign.Output) (out []float32) {
	rows := o.Rows + o.Skip
	for image := range len(raw) / (rows * o.Dim) {
		for k := o.Skip; k < rows; k++ {
			for d := range o.Dim {
				at := k*o.Dim + d
				if o.Layout == foreign.NDK {
					at = d*rows + k
				}
				out = append(out, raw[image*rows*o.Dim+at])
			}
		}
	}
	return out
}

// embed adapts an encoder and runs it on n images.
func embed(t *testing.T, model []byte, s foreign.Spec, pixels []byte, n int) []float32 {
	t.Helper()
	adapted, err := foreign.Adapt(model, s)
	if err != nil {
		t.Fatal(err)
	}
	e, err := ort.NewEmbedder(adapted, ort.Options{Device: ort.Device{Provider: ort.CPU}, Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if e.InputSize() != s.Input.Size || e.Rows() != s.Output.Rows || e.Dim() != s.Output.Dim || e.Batch() != s.Input.Batch {
		t.Errorf("S %d, K %d, D %d, %d a run", e.InputSize(), e.Rows(), e.Dim(), e.Batch())
	}
	out := make([]float32, n*s.Output.Rows*s.Output.Dim)
	if err := e.Embed(t.Context(), pixels, n, out); err != nil {
		t.Fatal(err)
	}
	return out
}

func near(t *testing.T, got, want []float32, most float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d values, want %d", len(got), len(want))
	}
	worst := 0.0
	for i := range want {
		worst = max(worst, math.Abs(float64(got[i])-float64(want[i])))
	}
	t.Logf("largest difference %.2g", worst)
	if !(worst <= most) {
		t.Errorf("values differ by up to %g\n got %v\nwant %v", worst, got[:min(8, len(got))], want[:min(8, len(want))])
	}
}

func read(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func floats(raw []byte) []float32 {
	out := make([]float32, len(raw)/4)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return out
}
