package tresnet_test

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sdl-batch/sdl-batch/model/golden"
	"github.com/sdl-batch/sdl-batch/model/tensor"
	"github.com/sdl-batch/sdl-batch/model/tresnet"
)

// The names and shapes are those of the reference's own checkpoint.
func TestParametersMatchReference(t *testing.T) {
	want := map[string][]int{}
	for name, tensor := range checkpoint(t, golden.Path("tresnet_tiny.pth")) {
		want[name] = tensor.Shape
	}
	d := describe(t, golden.Read(t, "tresnet_tiny"))
	a := tresnet.Architecture{Layers: [4]int(d.Layers), Width: d.Width, Rows: d.Rows, Dim: d.Dim, InputSize: 64}
	got := map[string][]int{}
	for _, p := range a.Parameters() {
		got[p.Name] = p.Shape
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// The counts that timm's documentation gives, in millions, with ImageNet's
// classifier of 1000 classes.
func TestPresetsHaveThePublishedSizes(t *testing.T) {
	for _, tt := range []struct {
		a        tresnet.Architecture
		name     string
		millions float64
	}{{tresnet.M, "TResNet-M", 31.39}, {tresnet.L, "TResNet-L", 55.99}, {tresnet.XL, "TResNet-XL", 78.44}} {
		a := tt.a.With(1, 1, 224)
		count := 1000*a.Features() + 1000
		for _, p := range a.Parameters() {
			if p.Name != tresnet.EmbeddingWeight && !strings.Contains(p.Name, ".running_") {
				count += tensor.Count(p.Shape)
			}
		}
		if got := math.Round(float64(count)/1e4) / 100; got != tt.millions || a.Name() != tt.name {
			t.Errorf("%s has %.2f million parameters, want %s with %.2f", a.Name(), got, tt.name, tt.millions)
		}
	}
}

func TestValidateReportsEverything(t *testing.T) {
	bad := tresnet.Architecture{Layers: [4]int{1, 0, 1, 1000}, Width: math.NaN(), Rows: 0, Dim: 3, InputSize: 66}
	err := bad.Validate()
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"stage 2 has 0", "stage 4 has 1000", "width NaN", "0 rows", "input size 66"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %q", want, err)
		}
	}
	if err := tresnet.L.With(2, 300, 448).Validate(); err != nil {
		t.Error(err)
	}
	for _, size := range []int{0, 16, -4, 8192} {
		if tresnet.M.With(7, 300, size).Validate() == nil {
			t.Errorf("size %d is valid", size)
		}
	}
}
