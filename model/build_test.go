package model

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sdl-batch/sdl-batch/model/golden"
	"github.com/sdl-batch/sdl-batch/model/tensor"
	"github.com/sdl-batch/sdl-batch/model/tresnet"
	"github.com/sdl-batch/sdl-batch/storage"
)

var smallNet = tresnet.Architecture{Layers: [4]int{1, 1, 1, 1}, Width: 0.0625, Rows: 3, Dim: 2, InputSize: 32}

func TestNewTResNetDescribesItself(t *testing.T) {
	b, err := NewTResNet(smallNet, BuildOptions{Seed: 7, Vocabulary: wheel(9), Filter: FilterBilinear, EXIF: EXIFIgnore, Program: "p 1"})
	if err != nil {
		t.Fatal(err)
	}
	seed := int64(7)
	want := Description{
		FormatVersion: 1,
		Architecture:  Architecture{Kind: "tresnet", Layers: []int{1, 1, 1, 1}, Width: 0.0625, Parameters: b.Description.Architecture.Parameters},
		Rows:          3, Dim: 2,
		Input: Input{
			Size: 32, Type: "uint8", Layout: "nhwc", Filter: "bilinear", Scale: 1.0 / 255, Std: [3]float64{1, 1, 1}, EXIF: "ignore",
		},
		RowReduction: Reduction{Kind: "max"}, LogitScale: 1,
		LabelSpace: LabelSpaceOf(wheel(9)),
		Files:      b.Description.Files,
		Lineage:    Lineage{Seed: &seed},
		Program:    "p 1",
	}
	if diff := cmp.Diff(want, b.Description); diff != "" {
		t.Error(diff)
	}
	if err := b.Verify(t.Context()); err != nil {
		t.Error(err)
	}
	weights, err := b.Weights(t.Context())
	if diff := cmp.Diff(map[string]tensor.Tensor(tresnet.New(smallNet, 7)), weights); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
}

func TestNewTResNetFollowsItsSeed(t *testing.T) {
	ids := map[string]bool{}
	for _, seed := range []int64{1, 2, 1} {
		b, err := NewTResNet(smallNet, BuildOptions{Seed: seed})
		if err != nil {
			t.Fatal(err)
		}
		ids[b.ID()] = true
	}
	if len(ids) != 2 {
		t.Errorf("seeds 1, 2, 1 give %d ids", len(ids))
	}
}

func TestNewTResNetRefuses(t *testing.T) {
	noRows := smallNet
	noRows.Rows = 0
	if _, err := NewTResNet(noRows, BuildOptions{}); !errors.Is(err, ErrInvalid) {
		t.Errorf("no rows: %v", err)
	}
	if _, err := NewTResNet(smallNet, BuildOptions{Vocabulary: pets()}); !errors.Is(err, ErrMismatch) {
		t.Errorf("another dimension: %v", err)
	}
	if _, err := NewTResNet(smallNet, BuildOptions{Filter: "nearest"}); !errors.Is(err, ErrInvalid) {
		t.Errorf("unknown filter: %v", err)
	}
}

func TestParametersAreCountedAsPyTorchDoes(t *testing.T) {
	for _, c := range []struct {
		arch tresnet.Architecture
		name string
		want int64
	}{
		{tresnet.M, "TResNet-M", 29_342_080},
		{tresnet.L, "TResNet-L", 53_558_688},
		{tresnet.Architecture{Layers: [4]int{1, 1, 2, 1}, Width: 0.125}, "TResNet [1 1 2 1] x 0.125", 149_992},
	} {
		if a := architectureOf(c.arch.With(1, 1, 224)); a.Parameters != c.want || a.String() != c.name {
			t.Errorf("%s has %d parameters, want %s with %d", a, a.Parameters, c.name, c.want)
		}
	}
}

func TestInspectTellsEverything(t *testing.T) {
	b, err := NewTResNet(smallNet, BuildOptions{Vocabulary: wheel(9)})
	if err != nil {
		t.Fatal(err)
	}
	got := b.Inspect()
	d := b.Description
	want := Inspection{
		ID: b.ID(), Location: "memory", Architecture: "TResNet [1 1 1 1] x 0.0625", Parameters: d.Architecture.Parameters,
		Rows: 3, Dim: 2, Input: d.Input, RowReduction: d.RowReduction, LogitScale: 1,
		LabelSpace: "wheel, dimension 2, 9 anchor tags", Files: []File{d.Files.Embed, d.Files.Weights}, Lineage: d.Lineage,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestImportCheckpoint(t *testing.T) {
	checkpoint := golden.Own("tresnet_tiny.pth")
	output := filepath.Join(t.TempDir(), "bundle")
	b, err := ImportCheckpoint(t.Context(), checkpoint, output, ImportOptions{Size: 64})
	if err != nil {
		t.Fatal(err)
	}
	d := b.Description
	if diff := cmp.Diff([]int{1, 1, 2, 1}, d.Architecture.Layers); diff != "" || d.Architecture.Width != 0.125 || d.Rows != 7 || d.Dim != 300 {
		t.Errorf("got %+v", d)
	}
	if !d.Lineage.Trained || !strings.HasPrefix(d.Lineage.Checkpoint, "sha256:") || d.LabelSpace != nil || d.Input.Size != 64 {
		t.Errorf("got %+v", d)
	}
	reopened, err := OpenBundle(t.Context(), output)
	if err != nil || reopened.ID() != b.ID() || reopened.Verify(t.Context()) != nil {
		t.Errorf("reopened: %v", err)
	}
	if got := reopened.Inspect().LabelSpace; got != "none recorded" {
		t.Errorf("label space %q", got)
	}
	assertSignedWeights(t, reopened)
}

// assertSignedWeights checks that the weights are the checkpoint's, with the
// signs of its norms.
func assertSignedWeights(t *testing.T, b *Bundle) {
	t.Helper()
	data, err := os.ReadFile(golden.Own("tresnet_tiny.pth"))
	if err != nil {
		t.Fatal(err)
	}
	want, unread, err := checkpointTensors(data)
	if err != nil || unread != nil {
		t.Fatal(err, unread)
	}
	got, err := b.Weights(t.Context())
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
	negative := 0
	for _, x := range got["conv1.1.weight"].Values {
		if x < 0 {
			negative++
		}
	}
	if negative == 0 {
		t.Error("no norm weight is negative: the signs were lost")
	}
}

func TestImportTwiceGivesOneID(t *testing.T) {
	checkpoint, dir := golden.Own("tresnet_tiny.pth"), t.TempDir()
	first, err := ImportCheckpoint(t.Context(), checkpoint, dir, ImportOptions{})
	if err != nil {
		t.Fatal(err)
	}
	second, err := ImportCheckpoint(t.Context(), checkpoint, dir, ImportOptions{Rows: 7, BuildOptions: BuildOptions{Program: "later"}})
	if err != nil || first.ID() != second.ID() {
		t.Errorf("ids %s and %v, %v", first.ID(), second, err)
	}
	if _, err := ImportCheckpoint(t.Context(), checkpoint, dir, ImportOptions{Size: 64}); !errors.Is(err, storage.ErrExist) {
		t.Errorf("another size over it: %v", err)
	}
}

func TestImportChecksTheVocabulary(t *testing.T) {
	checkpoint := golden.Own("tresnet_tiny.pth")
	_, err := ImportCheckpoint(t.Context(), checkpoint, t.TempDir(), ImportOptions{BuildOptions: BuildOptions{Vocabulary: pets()}})
	if !errors.Is(err, ErrMismatch) || !strings.Contains(err.Error(), "dimension 3, the model 300") {
		t.Errorf("got %v", err)
	}
	v := nusWide(t)
	b, err := ImportCheckpoint(t.Context(), checkpoint, t.TempDir(), ImportOptions{BuildOptions: BuildOptions{Vocabulary: v}})
	if err != nil {
		t.Fatal(err)
	}
	if warnings, err := b.CheckVocabulary(v, false); err != nil || len(warnings) > 0 {
		t.Errorf("its own vocabulary: %v, %v", warnings, err)
	}
}

func TestImportRefusesWhatDoesNotFitTheHead(t *testing.T) {
	for name, opts := range map[string]ImportOptions{
		"rows": {Rows: 11}, "dim": {Dim: 299}, "both": {Rows: 7, Dim: 299}, "size": {Size: 3}, "filter": {BuildOptions: BuildOptions{Filter: "box"}},
	} {
		if _, err := ImportCheckpoint(t.Context(), golden.Own("tresnet_tiny.pth"), t.TempDir(), opts); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestTruncatedCheckpointsAreCorrupt(t *testing.T) {
	whole, err := os.ReadFile(golden.Own("tresnet_tiny.pth"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	path, output := filepath.Join(dir, "cut.pth"), filepath.Join(dir, "bundle")
	for _, n := range []int{0, 1, 100, len(whole) / 2, len(whole) - 1} {
		if err := os.WriteFile(path, whole[:n], 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := ImportCheckpoint(t.Context(), path, output, ImportOptions{}); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), path) {
			t.Errorf("%d of %d bytes: got %v", n, len(whole), err)
		}
	}
	if _, err := os.Stat(output); !os.IsNotExist(err) {
		t.Errorf("a bundle was begun: %v", err)
	}
}

func TestDamagedNumbersAreCorrupt(t *testing.T) {
	whole, err := os.ReadFile(golden.Own("tresnet_tiny.pth"))
	if err != nil {
		t.Fatal(err)
	}
	damaged := bytes.Clone(whole)
	for i := len(damaged) / 2; i < len(damaged)/2+64; i++ {
		damaged[i] ^= 0x55
	}
	if _, err := bundleOfCheckpoint(damaged, ImportOptions{}); !errors.Is(err, ErrCorrupt) {
		t.Errorf("got %v", err)
	}
}

func TestAnotherCheckpointIsNoTResNet(t *testing.T) {
	// {'model': {}} as a pickle of protocol 0, which has no tensors.
	if _, err := bundleOfCheckpoint([]byte("(dVmodel\n(dsS'a'\nI1\ns."), ImportOptions{}); !errors.Is(err, ErrInvalid) && !errors.Is(err, ErrCorrupt) {
		t.Errorf("got %v", err)
	}
}
