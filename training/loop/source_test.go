package loop

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/sdl-batch/sdl-batch/model"
	"github.com/sdl-batch/sdl-batch/stages/decode"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/columnar"
	"github.com/sdl-batch/sdl-batch/training/images"
	"github.com/sdl-batch/sdl-batch/training/labels"
)

func TestEachPassHasAnOrderOfItsOwn(t *testing.T) {
	const n = 30
	s := newSequence(n, 9)
	var passes [3][]int64
	for place := range int64(3 * n) {
		row := s.at(place)
		passes[place/n] = append(passes[place/n], row)
		if again := newSequence(n, 9).at(place); again != row {
			t.Errorf("begun at place %d: row %d, want %d", place, again, row)
		}
	}
	for i, p := range passes {
		if slices.Equal(p, passes[(i+1)%3]) {
			t.Errorf("passes %d and %d have the same order", i, (i+1)%3)
		}
		slices.Sort(p)
		if !slices.Equal(slices.Compact(p), p) || p[0] != 0 || p[n-1] != n-1 {
			t.Errorf("pass %d gives rows %v", i, p)
		}
	}
	other := newSequence(n, 10)
	for place := range int64(n) {
		if other.at(place) != s.at(place) {
			return
		}
	}
	t.Error("another seed gives the same order")
}

// shelf is a fetch.Reader of pictures of the colour that a URI ends with; bad
// ones cannot be had.
type shelf struct{ bad map[int64]bool }

const side = 2

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

// part is n rows whose URIs end with their numbers.
func part(t *testing.T, n int) *labels.Part {
	t.Helper()
	var file bytes.Buffer
	w, err := columnar.NewLabelWriter(&file, columnar.Options{})
	ok(t, err)
	for i := range n {
		ok(t, w.Append(columnar.Label{URI: fmt.Sprintf("s3://secret@b/%d", i)}))
	}
	ok(t, w.Close())
	store := newStore(t)
	ok(t, store.write(t.Context(), "labels", func(w io.Writer) error {
		_, err := w.Write(file.Bytes())
		return err
	}))
	uri := filepath.Join(store.Bucket.URI(), store.Folder, "labels")
	set, err := labels.Read(t.Context(), uri, &model.Vocabulary{}, labels.Options{})
	ok(t, err)
	t.Cleanup(func() { set.Close() })
	return set.Part(labels.All)
}

// seen is a batch as a line of text.
func seen(b *Batch) string {
	text := fmt.Sprintf("next %d:", b.Next)
	for i, r := range b.Rows {
		text += fmt.Sprintf(" %d %v", r.Number, b.Pixels[i*side*side*3:][:3])
	}
	for _, r := range b.Rejected {
		text += fmt.Sprintf(" without %s", r.URI[strings.LastIndexByte(r.URI, '/')+1:])
	}
	return text
}

var errEnough = errors.New("enough")

// take runs a source until it gave some batches.
func take(t *testing.T, s Source, from int64, batches int) (lines []string, err error) {
	t.Helper()
	err = s.Run(t.Context(), from, func(_ context.Context, b *Batch) error {
		lines = append(lines, seen(b))
		if len(lines) == batches {
			return errEnough
		}
		return nil
	})
	return lines, err
}

// wanted is what a source must give, taken image by image.
func wanted(n int64, seed uint64, bad map[int64]bool, size, batches int) (lines []string, nexts []int64) {
	s, b := newSequence(n, seed), &Batch{}
	for place := int64(0); len(lines) < batches; place++ {
		row := s.at(place)
		if bad[row] {
			b.Rejected = append(b.Rejected, Rejected{URI: fmt.Sprintf("s3://b/%d", row)})
			continue
		}
		b.Rows = append(b.Rows, labels.Row{Number: row})
		b.Pixels = append(b.Pixels, bytes.Repeat([]byte{uint8(row), 7, 9}, side*side)...)
		if len(b.Rows) == size {
			b.Next = place + 1
			lines, nexts = append(lines, seen(b)), append(nexts, b.Next)
			b = &Batch{}
		}
	}
	return lines, nexts
}

// TestBatchesAreFullOverRejects: an image that cannot be had is passed over, and
// a batch comes out the same wherever the source begins.
func TestBatchesAreFullOverRejects(t *testing.T) {
	const n, size, batches = 23, 4, 20
	bad := map[int64]bool{0: true, 3: true, 4: true, 5: true, 17: true}
	rows := part(t, n)
	want, nexts := wanted(n, 3, bad, size, batches)
	for _, chunk := range []int{1, 3, 4, 32} {
		p := &Pixels{
			Stream: &images.Stream{Reader: shelf{bad}, Spec: decode.Spec{Size: side, Filter: "bilinear"}, Workers: 2, ChunkSize: chunk},
			Part:   rows, Seed: 3, Batch: size,
		}
		got, err := take(t, p, 0, batches)
		if err != errEnough || !slices.Equal(got, want) {
			t.Errorf("chunks of %d: error %v\n%s\nwant\n%s", chunk, err, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		for _, i := range []int{0, 5, 11} {
			if got, err := take(t, p, nexts[i], batches-i-1); err != errEnough || !slices.Equal(got, want[i+1:]) {
				t.Errorf("chunks of %d, begun at %d: error %v\n%s", chunk, nexts[i], err, strings.Join(got, "\n"))
			}
		}
	}
}

func TestAPassWithoutAnImageIsTheEnd(t *testing.T) {
	const n = 9
	rows := part(t, n)
	source := func(good ...int64) *Pixels {
		bad := map[int64]bool{}
		for i := range int64(n) {
			bad[i] = !slices.Contains(good, i)
		}
		return &Pixels{
			Stream: &images.Stream{Reader: shelf{bad}, Spec: decode.Spec{Size: side, Filter: "bilinear"}, Workers: 2, ChunkSize: 4},
			Part:   rows, Seed: 3, Batch: 2,
		}
	}
	for _, from := range []int64{0, 5, 100} {
		got, err := take(t, source(), from, 1)
		if !errors.Is(err, ErrNoImages) || len(got) > 0 || strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), "; the last one: fetch/not_found: ") {
			t.Errorf("from %d: %q, error %v", from, got, err)
		}
	}
	if got, err := take(t, source(6), 0, 10); err != errEnough || len(got) != 10 {
		t.Errorf("one image: %q, error %v", got, err)
	}
}

func TestASourceEndsWithItsContext(t *testing.T) {
	stop := errors.New("stop")
	for name, s := range map[string]Source{
		"pixels":   &Pixels{Stream: &images.Stream{Reader: shelf{}, Spec: decode.Spec{Size: side, Filter: "bilinear"}, ChunkSize: 4}, Part: part(t, 9), Batch: 2},
		"features": &Features{Table: table{rows: 9, size: 3}, Size: 3, Batch: 2},
	} {
		ctx, cancel := context.WithCancelCause(t.Context())
		batches := 0
		err := s.Run(ctx, 0, func(context.Context, *Batch) error {
			if batches++; batches == 3 {
				cancel(stop)
			}
			return nil
		})
		if !errors.Is(err, stop) || batches > 4 {
			t.Errorf("%s: error %v after %d batches", name, err, batches)
		}
	}
}

func TestFeaturesComeInTheSequencesOrder(t *testing.T) {
	const n = 7
	f := &Features{Table: table{rows: n, size: 3}, Size: 3, Seed: 11, Batch: 4}
	s, place := newSequence(n, 11), int64(0)
	batches := 0
	err := f.Run(t.Context(), 0, func(_ context.Context, b *Batch) error {
		for i, row := range b.Rows {
			want := make([]float32, 3)
			wantRow, _ := f.Table.At(s.at(place), want)
			if place++; !reflect.DeepEqual(row, wantRow) || !slices.Equal(b.Features[i*3:][:3], want) {
				t.Errorf("place %d: row %+v, want %+v", place-1, row, wantRow)
			}
		}
		if len(b.Rows) != 4 || b.Next != place {
			t.Errorf("%d rows, next %d", len(b.Rows), b.Next)
		}
		if batches++; batches == 5 {
			return errEnough
		}
		return nil
	})
	if err != errEnough {
		t.Error(err)
	}
}
