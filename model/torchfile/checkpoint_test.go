package torchfile_test

import (
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sdl-batch/sdl-batch/model/golden"
	"github.com/sdl-batch/sdl-batch/model/torchfile"
	"github.com/sdl-batch/sdl-batch/model/torchfile/element"
	"github.com/sdl-batch/sdl-batch/model/torchfile/pickle"
)

func allocatedBy(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func mustOpen(t *testing.T, name string) *torchfile.Checkpoint {
	t.Helper()
	c, err := open(readFile(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestGoldenCheckpoint compares with what PyTorch 1.13 prints for the file:
// c["model"][name].shape, .flatten()[:3], .flatten()[-1] and .double().sum().
func TestGoldenCheckpoint(t *testing.T) {
	data, err := os.ReadFile(golden.Own("tresnet_tiny.pth"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := open(data)
	if err != nil {
		t.Fatal(err)
	}
	names := c.Names()
	if len(names) != 102 || names[0] != "conv1.0.weight" || names[101] != "embedding.weight" || c.Key() != "model" {
		t.Errorf("%d names %v under %q", len(names), names, c.Key())
	}
	if n, ok := c.NumClasses(); n != 20 || !ok {
		t.Errorf("num_classes %d, %v", n, ok)
	}
	total := 0
	for _, name := range names {
		tensor, err := c.Tensor(name)
		if err != nil || tensor.Validate() != nil {
			t.Fatal(err, tensor.Validate())
		}
		total += len(tensor.Values)
	}
	if total != 689784 {
		t.Errorf("%d values in all, want 689784", total)
	}
	for _, want := range []struct {
		name  string
		shape []int
		first []float32
		last  float32
		sum   float64
	}{
		{"conv1.0.weight", []int{8, 48, 3, 3}, []float32{-0.02457575872540474, 0.04947274923324585, -0.016991013661026955}, -0.0021716419141739607, -5.26840998822081},
		{"conv1.1.weight", []int{8}, []float32{1.075798749923706, 0.8808094263076782, -0.8562052249908447}, 0.9216256141662598, 0.21176698803901672},
		{"conv1.1.running_var", []int{8}, []float32{1.3153871297836304, 0.6363585591316223, 0.6166369915008545}, 1.0531013011932373, 6.749517738819122},
		{"layer3.0.conv2.0.1.bias", []int{32}, []float32{-0.05860454589128494, -0.10322002321481705, -0.05345412716269493}, -0.06910163909196854, 0.16772553091868758},
		{"embedding.weight", []int{2100, 256}, []float32{0.08858459442853928, 0.030064480379223824, -0.05649607256054878}, -0.02264636568725109, 25.99863858270077},
	} {
		got, err := c.Tensor(want.name)
		if err != nil {
			t.Fatal(err)
		}
		if !cmp.Equal(got.Shape, want.shape) || !cmp.Equal(got.Values[:3], want.first) || got.Values[len(got.Values)-1] != want.last {
			t.Errorf("%s: %v %v … %v", want.name, got.Shape, got.Values[:3], got.Values[len(got.Values)-1])
		}
		if s := sum(got.Values); math.Abs(s-want.sum) > 1e-9 {
			t.Errorf("%s: sum %v, want %v", want.name, s, want.sum)
		}
	}
}

func sum(values []float32) (s float64) {
	for _, v := range values {
		s += float64(v)
	}
	return s
}

// eighths is arange(24)/8, from which testdata/make.py makes its tensors.
func eighths(indices ...int) []float32 {
	if indices == nil {
		for i := range 24 {
			indices = append(indices, i)
		}
	}
	values := make([]float32, len(indices))
	for i, n := range indices {
		values[i] = float32(n) / 8
	}
	return values
}

// TestKinds reads every kind of tensor that testdata/make.py saves.
func TestKinds(t *testing.T) {
	c := mustOpen(t, "kinds.pth")
	thirds := eighths()
	for i := range thirds {
		thirds[i] = float32(float64(i) / 8 / 3)
	}
	var transposed []int // base.permute(2, 0, 1): [4,2,3]
	for k := range 4 {
		for i := range 2 {
			for j := range 3 {
				transposed = append(transposed, i*12+j*4+k)
			}
		}
	}
	for _, want := range []struct {
		name   string
		shape  []int
		values []float32
	}{
		{"plain", []int{2, 3, 4}, eighths()},
		{"half", []int{2, 3, 4}, eighths()},
		{"bfloat", []int{2, 3, 4}, eighths()},
		{"double", []int{2, 3, 4}, thirds},
		{"transposed", []int{4, 2, 3}, eighths(transposed...)},
		{"offset", []int{2, 2}, eighths(16, 18, 20, 22)},
		{"expanded", []int{2, 3}, []float32{1, 1, 1, 2, 2, 2}},
		{"scalar", []int{}, []float32{1.5}},
		{"empty", []int{0, 3}, []float32{}},
		{"parameter", []int{2}, []float32{1, -2}},
		{"nested.weight", []int{1}, []float32{3}},
	} {
		got, err := c.Tensor(want.name)
		if err != nil {
			t.Error(err)
		}
		if !slices.Equal(got.Shape, want.shape) || !slices.Equal(got.Values, want.values) {
			t.Errorf("%s: got %v %v, want %v %v", want.name, got.Shape, got.Values, want.shape, want.values)
		}
	}
}

func TestIntegers(t *testing.T) {
	c := mustOpen(t, "kinds.pth")
	for name, want := range map[string][]int64{"num_batches_tracked": {123456789012}, "bytes": {0, 255}} {
		if got, err := c.Ints(name); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: got %v, %v", name, got, err)
		}
		if info, ok := c.Info(name); !ok || info.Type.IsFloat() {
			t.Errorf("%s: %+v, %v", name, info, ok)
		}
	}
	if info, ok := c.Info("half"); !ok || info.Type != element.Float16 || !slices.Equal(info.Shape, []int{2, 3, 4}) {
		t.Errorf("half: %+v, %v", info, ok)
	}
}

func TestOnlyNeededTensorsFail(t *testing.T) {
	c := mustOpen(t, "kinds.pth")
	for name, want := range map[string]string{
		"num_batches_tracked": "holds int64 (torch.LongStorage), no floats",
		"complex":             "torch.ComplexFloatStorage",
		"sparse":              `tensor "sparse" depends on torch._utils._rebuild_sparse_tensor, which is not read`,
		"absent":              `no tensor "absent"`,
	} {
		if _, err := c.Tensor(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", name, err, want)
		}
	}
	if _, err := c.Ints("plain"); err == nil {
		t.Error("floats were read as integers")
	}
}

func TestMeta(t *testing.T) {
	c := mustOpen(t, "kinds.pth")
	if want := []string{"args", "epoch", "num_classes", "idx_to_class", "best"}; !slices.Equal(c.MetaKeys(), want) || c.Key() != "state_dict" {
		t.Errorf("keys %v beside %q", c.MetaKeys(), c.Key())
	}
	if args, _ := c.Meta("args"); pickle.Kind(args) != "value of argparse.Namespace (never run)" {
		t.Errorf("args is a %s", pickle.Kind(args))
	}
	classes, _ := c.Meta("idx_to_class")
	if got, err := torchfile.IntStrings(classes); err != nil || !cmp.Equal(got, map[int]string{0: "cat", 1: "dog"}) {
		t.Errorf("idx_to_class %v, %v", got, err)
	}
	if _, ok := c.Meta("state_dict"); ok {
		t.Error("the state dict is listed as meta data")
	}
}

func TestOtherLayouts(t *testing.T) {
	flat := mustOpen(t, "flat.pth")
	want := []string{"0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var", "1.num_batches_tracked"}
	if !slices.Equal(flat.Names(), want) || flat.Key() != "" {
		t.Errorf("names %v under %q", flat.Names(), flat.Key())
	}
	if w, err := flat.Tensor("0.weight"); err != nil || !slices.Equal(w.Values, []float32{0.25, -0.75}) {
		t.Errorf("got %v, %v", w, err)
	}
	const module = `: value of torch.nn.modules.container.Sequential (never run) without tensors`
	if _, err := open(readFile(t, "module.pth")); err == nil || !strings.Contains(err.Error(), module) {
		t.Errorf("got %v, want %q", err, module)
	}
	if _, err := open(readFile(t, "kinds.pth"), "absent"); err == nil || !strings.Contains(err.Error(), `any of ["absent"]`) {
		t.Errorf("got %v", err)
	}
}
