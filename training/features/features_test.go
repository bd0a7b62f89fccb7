package features_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/sdl-batch/sdl-batch/model"
	"github.com/sdl-batch/sdl-batch/stages/decode"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/columnar"
	"github.com/sdl-batch/sdl-batch/training/features"
	"github.com/sdl-batch/sdl-batch/training/images"
	"github.com/sdl-batch/sdl-batch/training/labels"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// shelf is a fetch.Reader of pictures of the colour that a URI ends with; bad
// ones cannot be had.
type shelf struct{ bad map[int64]bool }

const (
	side = 2
	size = 5 // F
)

func (s shelf) Read(_ context.Context, uri string, buf []byte, _ int64) ([]byte, storage.Attrs, error) {
	number, err := strconv.ParseInt(uri[strings.LastIndexByte(uri, '/')+1:], 10, 64)
	if err != nil || s.bad[number] {
		return buf[:0], storage.Attrs{Attempts: 1}, storage.ErrNotExist
	}
	canvas := image.NewRGBA(image.Rect(0, 0, side, side))
	for i := range side * side {
		canvas.SetRGBA(i%side, i/side, color.RGBA{uint8(number), 7, 9, 255})
	}
	var file bytes.Buffer
	if err := png.Encode(&file, canvas); err != nil {
		return nil, storage.Attrs{}, err
	}
	return append(buf[:0], file.Bytes()...), storage.Attrs{Attempts: 1}, nil
}

// powers is an Embedder whose features of an image are multiples of its red.
type powers struct{ err error }

func (p powers) Embed(_ context.Context, pixels []uint8, n int, out []float32) error {
	for i := range n {
		copy(out[i*size:], featuresOf(int64(pixels[i*side*side*3])))
	}
	return p.err
}

func featuresOf(number int64) []float32 {
	f := make([]float32, size)
	for j := range f {
		f[j] = float32(number)*0.1 + float32(j)
	}
	return f
}

// part are those of rows 0 to n-1 of a file that keep says belong to it.
func part(t *testing.T, n int, keep func(number int64) bool) *labels.Part {
	t.Helper()
	var file bytes.Buffer
	w, err := columnar.NewLabelWriter(&file, columnar.Options{})
	ok(t, err)
	for i := range n {
		ok(t, w.Append(columnar.Label{URI: fmt.Sprintf("s3://b/%d", i), Positives: []string{fmt.Sprint("t", i%2)}}))
	}
	ok(t, w.Close())
	name := filepath.Join(t.TempDir(), "labels.parquet")
	ok(t, os.WriteFile(name, file.Bytes(), 0o600))
	vocab := &model.Vocabulary{Tags: []string{"t0", "t1"}, Seen: []bool{true, true}, Dim: 1, Vectors: []float32{1, -1}}
	set, err := labels.Read(t.Context(), name, vocab, labels.Options{Part: func(r *labels.Row) string {
		if keep(r.Number) {
			return labels.All
		}
		return ""
	}})
	ok(t, err)
	t.Cleanup(func() { set.Close() })
	return set.Part(labels.All)
}

func even(number int64) bool { return number%2 == 0 }

func computer(bad map[int64]bool) *features.Computer {
	return &features.Computer{
		Stream:   &images.Stream{Reader: shelf{bad}, Spec: decode.Spec{Size: side, Filter: "bilinear"}, Workers: 2, ChunkSize: 3},
		Embedder: powers{}, Size: size,
	}
}

// written is the table of a part.
func written(t *testing.T, p *labels.Part, bad map[int64]bool) []byte {
	t.Helper()
	var file bytes.Buffer
	ok(t, computer(bad).Write(t.Context(), &file, p, map[string]string{"k": "v"}))
	return file.Bytes()
}

func load(t *testing.T, file []byte, p *labels.Part, size int) (*features.Table, error) {
	t.Helper()
	return features.Load(t.Context(), bytes.NewReader(file), int64(len(file)), p, size, t.TempDir())
}

// TestFeaturesComeBackWithTheirRows: those of images that could be had, in any
// order.
func TestFeaturesComeBackWithTheirRows(t *testing.T) {
	p, bad := part(t, 31, even), map[int64]bool{0: true, 8: true, 10: true, 30: true}
	var file bytes.Buffer
	done, rejected := 0, []string{}
	c := computer(bad)
	c.Done = func(n int, bad []images.Rejected) {
		done += n
		for _, r := range bad {
			rejected = append(rejected, r.Row.URI+" "+r.Stage+"/"+r.Code)
		}
	}
	ok(t, c.Write(t.Context(), &file, p, nil))
	want := []string{"s3://b/0 fetch/not_found", "s3://b/8 fetch/not_found", "s3://b/10 fetch/not_found", "s3://b/30 fetch/not_found"}
	if done != 12 || !slices.Equal(rejected, want) {
		t.Errorf("%d done, rejected %q", done, rejected)
	}
	table, err := load(t, file.Bytes(), p, size)
	ok(t, err)
	defer table.Close()
	numbers := []int64{2, 4, 6, 12, 14, 16, 18, 20, 22, 24, 26, 28}
	if table.Len() != int64(len(numbers)) {
		t.Fatalf("%d rows", table.Len())
	}
	var readers sync.WaitGroup
	for offset := range len(numbers) {
		readers.Go(func() {
			x := make([]float32, size)
			for k := range numbers {
				i := (5*k + offset) % len(numbers)
				row, err := table.At(int64(i), x)
				number := numbers[i]
				if err != nil || row.Number != number || row.URI != fmt.Sprintf("s3://b/%d", number) || !slices.Equal(row.Positives, []int32{0}) || !slices.Equal(x, featuresOf(number)) {
					t.Errorf("row %d is %+v with %v, error %v", i, row, x, err)
				}
			}
		})
	}
	readers.Wait()
	if _, err := table.At(table.Len(), make([]float32, size)); err == nil {
		t.Error("a row behind the last")
	}
}

func TestATableOfOtherLabelsIsRefused(t *testing.T) {
	all := func(int64) bool { return true }
	file := written(t, part(t, 20, even), nil)
	for name, c := range map[string]struct {
		part *labels.Part
		size int
		want string
	}{
		"another part":   {part(t, 20, func(n int64) bool { return !even(n) }), size, "row 0 with 5 features is not of these labels"},
		"fewer rows":     {part(t, 12, even), size, "row 12 is not among the labels"},
		"more features":  {part(t, 20, even), size + 1, "row 0 with 5 features is not of these labels"},
		"no rows at all": {part(t, 0, all), size, "row 0 is not among the labels"},
	} {
		if _, err := load(t, file, c.part, c.size); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	table, err := load(t, file, part(t, 20, all), size) // some of whose images could not be had
	ok(t, err)
	if table.Len() != 10 {
		t.Errorf("%d rows", table.Len())
	}
	ok(t, table.Close())
	for _, damaged := range [][]byte{nil, file[:len(file)/2], bytes.Repeat([]byte("x"), 100)} {
		if _, err := load(t, damaged, part(t, 20, even), size); !errors.Is(err, columnar.ErrCorrupt) {
			t.Errorf("%d bytes: %v", len(damaged), err)
		}
	}
}

func TestAnEmptyTableHasNoRows(t *testing.T) {
	p := part(t, 4, even)
	table, err := load(t, written(t, p, map[int64]bool{0: true, 2: true}), p, size)
	ok(t, err)
	defer table.Close()
	if table.Len() != 0 {
		t.Errorf("%d rows", table.Len())
	}
}

func TestComputingEndsWithTheFirstError(t *testing.T) {
	failed := errors.New("the device is gone")
	c := computer(nil)
	c.Embedder = powers{failed}
	if err := c.Write(t.Context(), &bytes.Buffer{}, part(t, 20, even), nil); !errors.Is(err, failed) {
		t.Errorf("error %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	c = computer(nil)
	c.Done = func(int, []images.Rejected) { cancel(failed) }
	var file bytes.Buffer
	if err := c.Write(ctx, &file, part(t, 200, even), nil); !errors.Is(err, failed) {
		t.Errorf("error %v", err)
	}
	if _, err := columnar.Open(bytes.NewReader(file.Bytes()), int64(file.Len())); err == nil {
		t.Error("what was cut off is a table")
	}
	if _, err := features.Load(ctx, bytes.NewReader(nil), 0, part(t, 1, even), size, filepath.Join(t.TempDir(), "nowhere")); err == nil {
		t.Error("nothing was loaded into a folder that is not there")
	}
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
