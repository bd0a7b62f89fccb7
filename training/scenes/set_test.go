package scenes

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/sdl-batch/sdl-batch/model"
	"github.com/sdl-batch/sdl-batch/stages/decode"
	"github.com/sdl-batch/sdl-batch/storage/columnar"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestWriteSet(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "set")
	if err := WriteSet(t.Context(), folder, Options{Seed: 4, Train: 6, Validation: 3, Test: 2}); err != nil {
		t.Fatal(err)
	}
	rows := readLabels(t, folder)
	if len(rows) != 11 {
		t.Fatalf("%d rows", len(rows))
	}
	for i, row := range rows {
		picture, tags := Draw(4, i)
		want := columnar.Label{URI: nameOf(i), Positives: tags, Split: []string{"train", "val", "test"}[min(i/6+i/9, 2)]}
		if diff := cmp.Diff(want, row); diff != "" {
			t.Errorf("row %d: %s", i, diff)
		}
		if got := readPicture(t, filepath.Join(folder, row.URI)); !slices.Equal(rgb(got), rgb(picture)) {
			t.Errorf("%s is another picture", row.URI)
		}
	}
	v, err := model.ReadVocabulary(t.Context(), filepath.Join(folder, VocabFile))
	if err != nil || v.ID() != Vocabulary().ID() {
		t.Errorf("another vocabulary: %v", err)
	}
}

// Small pictures are what the decoder makes of full ones.
func TestSmallPicturesAreTheDecoders(t *testing.T) {
	const side = 32
	full, small := t.TempDir(), t.TempDir()
	for folder, size := range map[string]int{full: 0, small: side} {
		if err := WriteSet(t.Context(), folder, Options{Test: 5, Size: size}); err != nil {
			t.Fatal(err)
		}
	}
	decoder, err := decode.New(decode.Spec{Size: side, Filter: "bilinear"}, decode.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		body, err := os.ReadFile(filepath.Join(full, nameOf(i)))
		if err != nil {
			t.Fatal(err)
		}
		want := make([]byte, 3*side*side)
		if _, err := decoder.Decode(t.Context(), body, want); err != nil {
			t.Fatal(err)
		}
		if got := rgb(readPicture(t, filepath.Join(small, nameOf(i)))); !bytes.Equal(got, want) {
			t.Errorf("scene %d differs", i)
		}
	}
}

func TestWriteSetRefusesWhatMakesNoSet(t *testing.T) {
	for name, o := range map[string]Options{
		"no scenes": {}, "fewer than none": {Train: -1, Test: 3}, "larger": {Train: 1, Size: Side + 1}, "negative": {Train: 1, Size: -4},
	} {
		if err := WriteSet(t.Context(), t.TempDir(), o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestAnInterruptedSetHasNoTables(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	stopped := errors.New("stopped")
	cancel(stopped)
	folder := t.TempDir()
	if err := WriteSet(ctx, folder, Options{Train: 50}); !errors.Is(err, stopped) {
		t.Errorf("got %v", err)
	}
	if found, _ := filepath.Glob(filepath.Join(folder, "*.parquet")); len(found) > 0 {
		t.Errorf("found %v", found)
	}
}

func TestAPictureThatCannotBeWrittenEndsTheSet(t *testing.T) {
	folder := t.TempDir()
	if err := os.MkdirAll(filepath.Join(folder, nameOf(3)), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := WriteSet(t.Context(), folder, Options{Train: 5}); err == nil {
		t.Error("no error")
	}
}

func readLabels(t *testing.T, folder string) []columnar.Label {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(folder, LabelsFile))
	if err != nil {
		t.Fatal(err)
	}
	file, err := columnar.Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	var rows []columnar.Label
	err = file.Labels(t.Context(), func(l columnar.Label) error {
		l.Positives, l.Negatives = slices.Clone(l.Positives), nil
		rows = append(rows, l)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func readPicture(t *testing.T, path string) image.Image {
	t.Helper()
	body, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	picture, err := png.Decode(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return picture
}

func rgb(picture image.Image) []byte {
	var out []byte
	for y := range picture.Bounds().Dy() {
		for x := range picture.Bounds().Dx() {
			r, g, b, _ := picture.At(x, y).RGBA()
			out = append(out, byte(r>>8), byte(g>>8), byte(b>>8))
		}
	}
	return out
}
