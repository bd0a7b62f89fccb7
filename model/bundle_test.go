package model

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sdl-batch/sdl-batch/model/safetensors"
	"github.com/sdl-batch/sdl-batch/model/tensor"
	"github.com/sdl-batch/sdl-batch/storage"
)

var tinyWeights = map[string]tensor.Tensor{"embedding.weight": {Shape: []int{2, 1}, Values: []float32{-1, 2}}}

// tinyBundle is a bundle in memory whose graph is no graph.
func tinyBundle(t testing.TB, v *Vocabulary) *Bundle {
	t.Helper()
	var weights bytes.Buffer
	if err := safetensors.Write(&weights, tinyWeights, nil); err != nil {
		t.Fatal(err)
	}
	d := sample()
	d.LabelSpace, d.Dim = LabelSpaceOf(v), v.Dim
	graph := []byte("the graph")
	d.Files = Files{Embed: fileOf(embedName, graph), Weights: fileOf(weightsName, weights.Bytes())}
	return &Bundle{Description: d, source: memory{embedName: graph, weightsName: weights.Bytes()}}
}

func TestBundleSurvivesTheStore(t *testing.T) {
	for _, uri := range []string{filepath.Join(t.TempDir(), "deep", "bundle"), "mem://bundles/one"} {
		want := tinyBundle(t, wheel(5))
		if _, err := WriteBundle(t.Context(), uri, want, WriteOptions{}); err != nil {
			t.Fatal(err)
		}
		got, err := OpenBundle(t.Context(), uri)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want.Description, got.Description); diff != "" {
			t.Errorf("%s: %s", uri, diff)
		}
		graph, err := got.EmbedGraph(t.Context())
		if err != nil || string(graph) != "the graph" {
			t.Errorf("%s: graph %q, %v", uri, graph, err)
		}
		weights, err := got.Weights(t.Context())
		if diff := cmp.Diff(tinyWeights, weights); diff != "" || err != nil {
			t.Errorf("%s: weights: %v %s", uri, err, diff)
		}
		if err := got.Verify(t.Context()); err != nil || got.Location() != uri {
			t.Errorf("%s: verify %v, location %s", uri, err, got.Location())
		}
	}
}

func TestOpenBundleFindsNothing(t *testing.T) {
	if _, err := OpenBundle(t.Context(), t.TempDir()); !errors.Is(err, storage.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestBundleRefusesDamagedFiles(t *testing.T) {
	for name, c := range map[string]struct {
		damage func(path string) error
		want   string
		kind   error
	}{
		"altered":  {func(p string) error { return os.WriteFile(p, []byte("the grapH"), 0o644) }, "digest of embed.onnx", ErrCorrupt},
		"cut":      {func(p string) error { return os.Truncate(p, 3) }, "has 3 bytes", ErrCorrupt},
		"extended": {func(p string) error { return os.WriteFile(p, []byte("the graph and more"), 0o644) }, "longer than the 9 bytes", ErrCorrupt},
		"missing":  {os.Remove, "embed.onnx", storage.ErrNotExist},
	} {
		dir := t.TempDir()
		stored, err := WriteBundle(t.Context(), dir, tinyBundle(t, wheel(5)), WriteOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.damage(filepath.Join(dir, embedName)); err != nil {
			t.Fatal(err)
		}
		for _, check := range []func(context.Context) error{
			stored.Verify,
			func(ctx context.Context) error { _, err := stored.EmbedGraph(ctx); return err },
		} {
			if err := check(t.Context()); !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: got %v", name, err)
			}
		}
	}
}

func TestWeightsThatAreNoneAreCorrupt(t *testing.T) {
	b := tinyBundle(t, wheel(5))
	junk := []byte("12345678{}")
	b.Description.Files.Weights = fileOf(weightsName, junk)
	b.source.(memory)[weightsName] = junk
	if _, err := b.Weights(t.Context()); !errors.Is(err, ErrCorrupt) {
		t.Errorf("got %v", err)
	}
	b.Description.Files.Weights = File{}
	if _, err := b.Weights(t.Context()); !errors.Is(err, ErrInvalid) {
		t.Errorf("without weights: got %v", err)
	}
}

func TestWriteBundleKeepsWhatIsThere(t *testing.T) {
	dir := t.TempDir()
	first, other := tinyBundle(t, wheel(5)), tinyBundle(t, wheel(6))
	for _, step := range []struct {
		bundle *Bundle
		force  bool
		want   error
	}{{first, false, nil}, {first, false, nil}, {other, false, storage.ErrExist}, {other, true, nil}, {first, false, storage.ErrExist}} {
		if _, err := WriteBundle(t.Context(), dir, step.bundle, WriteOptions{Force: step.force}); !errors.Is(err, step.want) {
			t.Fatalf("force %v: got %v, want %v", step.force, err, step.want)
		}
	}
	if got, err := OpenBundle(t.Context(), dir); err != nil || got.ID() != other.ID() || got.Verify(t.Context()) != nil {
		t.Errorf("the folder holds %v, %v", got, err)
	}
}

func TestWriteBundleRefusesAFolderWithAnUnreadableDescription(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, descriptionName), []byte(`{"mine": true}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := WriteBundle(t.Context(), dir, tinyBundle(t, wheel(5)), WriteOptions{}); !errors.Is(err, storage.ErrExist) {
		t.Errorf("got %v", err)
	}
	if names := namesIn(t, dir); !slices.Equal(names, []string{descriptionName}) {
		t.Errorf("the folder now holds %v", names)
	}
}

func TestWriteBundlePublishesTheDescriptionLast(t *testing.T) {
	dir := t.TempDir()
	b := tinyBundle(t, wheel(5))
	b.source.(memory)[weightsName] = []byte("other bytes than described")
	if _, err := WriteBundle(t.Context(), dir, b, WriteOptions{}); !errors.Is(err, ErrCorrupt) {
		t.Errorf("got %v", err)
	}
	if _, err := OpenBundle(t.Context(), dir); !errors.Is(err, storage.ErrNotExist) {
		t.Errorf("half a bundle opens: %v", err)
	}
}

func TestWriteBundleStopsWhenCancelled(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := WriteBundle(ctx, dir, tinyBundle(t, wheel(5)), WriteOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if names := namesIn(t, dir); len(names) > 0 {
		t.Errorf("the folder holds %v", names)
	}
}

func TestWriteBundleStampsOnce(t *testing.T) {
	b := tinyBundle(t, wheel(5))
	stored, err := WriteBundle(t.Context(), t.TempDir(), b, WriteOptions{Program: "another"})
	if err != nil || stored.Description.Program != "sdl-batch 1" || !stored.Description.CreatedAt.Equal(b.Description.CreatedAt) {
		t.Errorf("an origin was replaced: %+v, %v", stored, err)
	}
	if d := stamped(Description{}, "another"); d.Program != "another" || d.CreatedAt.IsZero() {
		t.Errorf("no stamp: %+v", d)
	}
}

func namesIn(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}
