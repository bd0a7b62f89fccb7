package images_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"iter"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sdl-batch/sdl-batch/pipeline"
	"github.com/sdl-batch/sdl-batch/stages/decode"
	"github.com/sdl-batch/sdl-batch/stages/fetch"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/training/images"
	"github.com/sdl-batch/sdl-batch/training/labels"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// reader is a fetch.Reader of pictures, one colour for each number at the end
// of a URI. before, where not nil, is called first.
type reader struct {
	before func(ctx context.Context, number int) error
}

func (r reader) Read(ctx context.Context, uri string, buf []byte, _ int64) ([]byte, storage.Attrs, error) {
	number, err := strconv.Atoi(uri[strings.LastIndexByte(uri, '/')+1:])
	if err != nil {
		return buf[:0], storage.Attrs{Attempts: 1}, storage.ErrInvalid
	}
	if r.before != nil {
		if err := r.before(ctx, number); err != nil {
			return buf[:0], storage.Attrs{Attempts: 1}, err
		}
	}
	if number >= 1000 {
		return append(buf[:0], "no image"...), storage.Attrs{Attempts: 1}, nil
	}
	return append(buf[:0], picture(number)...), storage.Attrs{Attempts: 1}, nil
}

const side = 2 // pixels

func colour(number int) [3]uint8 {
	return [3]uint8{uint8(number), uint8(number >> 8), uint8(37 * number)}
}

func picture(number int) []byte {
	c := colour(number)
	canvas := image.NewRGBA(image.Rect(0, 0, side, side))
	for i := range side * side {
		canvas.SetRGBA(i%side, i/side, color.RGBA{c[0], c[1], c[2], 255})
	}
	var file bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.NoCompression}).Encode(&file, canvas); err != nil {
		panic(err)
	}
	return file.Bytes()
}

// sequence asks for pictures by number; the positions are 100 and up. After the
// last comes err, if there is one.
func sequence(numbers []int, err error) iter.Seq2[images.Item, error] {
	return func(yield func(images.Item, error) bool) {
		for i, n := range numbers {
			row := labels.Row{Number: int64(n), URI: fmt.Sprintf("s3://b/%d", n), Positives: []int32{int32(n % 5)}}
			if !yield(images.Item{Position: int64(100 + i), Row: row}, nil) {
				return
			}
		}
		if err != nil {
			yield(images.Item{}, err)
		}
	}
}

// upTo returns 0 to n-1.
func upTo(n int) (numbers []int) {
	for i := range n {
		numbers = append(numbers, i)
	}
	return numbers
}

func stream(r fetch.Reader) *images.Stream {
	return &images.Stream{Reader: r, Spec: decode.Spec{Size: side, Filter: "bilinear"}, Fetch: fetch.Config{Workers: 6}, Workers: 3, ChunkSize: 8}
}

// seen is what a receiver saw of a sequence: a line an item, chunk by chunk.
type seen struct {
	chunks [][]string
}

func (s *seen) each(_ context.Context, c *images.Chunk) error {
	defer c.Release()
	const n = side * side * 3
	var lines []string
	for i, item := range c.Items {
		lines = append(lines, fmt.Sprintf("%d: row %d %v %v", item.Position, item.Row.Number, item.Row.Positives, c.Pixels[i*n:][:n]))
	}
	for _, r := range c.Rejected {
		lines = append(lines, fmt.Sprintf("%d: row %d %s/%s", r.Position, r.Row.Number, r.Stage, r.Code))
	}
	if len(c.Pixels) != n*len(c.Items) {
		return fmt.Errorf("%d pixel bytes for %d images", len(c.Pixels), len(c.Items))
	}
	s.chunks = append(s.chunks, lines)
	return nil
}

// want is what must be seen of pictures that are all well.
func want(numbers []int, chunk int) (chunks [][]string) {
	for first := 0; first < len(numbers); first += chunk {
		var lines []string
		for i, n := range numbers[first:min(first+chunk, len(numbers))] {
			c := colour(n)
			pixels := bytes.Repeat(c[:], side*side)
			lines = append(lines, fmt.Sprintf("%d: row %d [%d] %v", 100+first+i, n, n%5, pixels))
		}
		chunks = append(chunks, lines)
	}
	return chunks
}

func same(t *testing.T, got, want [][]string) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%d chunks, want %d", len(got), len(want))
	}
	for i := range min(len(got), len(want)) {
		if !slices.Equal(got[i], want[i]) {
			t.Fatalf("chunk %d:\n%s\nwant\n%s", i, strings.Join(got[i], "\n"), strings.Join(want[i], "\n"))
		}
	}
}

// TestImagesComeInOrderWhateverTheStoreDoes has objects at random wait for
// their store, so that fetch sends them late, and takes some twice.
func TestImagesComeInOrderWhateverTheStoreDoes(t *testing.T) {
	backOff := overloaded(t)
	for seed := range uint64(6) {
		random := rand.New(rand.NewPCG(seed, 0))
		numbers := make([]int, 150)
		late := map[int]bool{}
		for i := range numbers {
			numbers[i] = random.IntN(120)
			late[numbers[i]] = random.IntN(6) == 0
		}
		var waited atomic.Int64
		s := stream(reader{before: func(ctx context.Context, number int) error {
			if late[number] {
				backOff(ctx)
				time.Sleep(time.Duration(number%7) * time.Millisecond)
				waited.Add(1)
			}
			return nil
		}})
		s.ChunkSize = []int{1, 5, 8, 16, 150, 200}[seed]
		s.Ahead = 2 + int(seed)%3
		var got seen
		if err := s.Run(t.Context(), sequence(numbers, nil), got.each); err != nil {
			t.Fatal(err)
		}
		same(t, got.chunks, want(numbers, s.ChunkSize))
		if waited.Load() < 5 {
			t.Errorf("only %d objects came late", waited.Load())
		}
	}
}

// overloaded returns a function that makes storage go into back-off under ctx
// once: it asks a real server that is overloaded.
func overloaded(t *testing.T) func(ctx context.Context) {
	t.Setenv("AWS_ACCESS_KEY_ID", "x")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "x")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	t.Cleanup(server.Close)
	options := storage.Options{Retry: storage.Policy{Attempts: 2, BaseDelay: time.Nanosecond, MaxDelay: time.Nanosecond}}
	return func(ctx context.Context) {
		b, err := storage.OpenWith(ctx, "s3://b?endpoint="+server.URL, options)
		if err != nil {
			t.Error(err)
			return
		}
		defer b.Close()
		if _, err := b.Stat(ctx, "x"); !errors.Is(err, storage.ErrTransient) {
			t.Error(err)
		}
	}
}

func TestBadImagesAreRejected(t *testing.T) {
	s := stream(reader{before: func(_ context.Context, number int) error {
		if number%3 == 0 {
			return storage.ErrNotExist
		}
		return nil
	}})
	s.ChunkSize = 4
	numbers := []int{1, 3, 2, 6, 9, 0, 12, 3, 5}
	var got seen
	if err := s.Run(t.Context(), sequence(numbers, nil), got.each); err != nil {
		t.Fatal(err)
	}
	all := want(numbers, 4)
	reject := func(i int) string { return fmt.Sprintf("%d: row %d fetch/not_found", 100+i, numbers[i]) }
	same(t, got.chunks, [][]string{
		{all[0][0], all[0][2], reject(1), reject(3)}, {reject(4), reject(5), reject(6), reject(7)}, {all[2][0]},
	})

	// Those that cannot be decoded are found later, and come in their order, too.
	got = seen{}
	if err := s.Run(t.Context(), sequence([]int{1000, 3, 1001, 6}, nil), got.each); err != nil {
		t.Fatal(err)
	}
	same(t, got.chunks, [][]string{{
		"100: row 1000 decode/unknown_format", "101: row 3 fetch/not_found", "102: row 1001 decode/unknown_format", "103: row 6 fetch/not_found",
	}})
}

func TestEveryImageIsAugmentedOnce(t *testing.T) {
	var calls sync.Map
	s := stream(reader{})
	s.Augment = func(row, position int64, pixels []uint8) {
		if _, twice := calls.LoadOrStore(position, row); twice || len(pixels) != side*side*3 {
			t.Errorf("position %d again, or %d pixel bytes", position, len(pixels))
		}
		if pixels[0] != colour(int(row))[0] {
			t.Errorf("row %d has the pixels of another", row)
		}
		pixels[0], pixels[1] = uint8(position), 255
	}
	numbers := slices.Repeat(upTo(10), 10)
	var positions []uint8
	err := s.Run(t.Context(), sequence(numbers, nil), func(_ context.Context, c *images.Chunk) error {
		defer c.Release()
		for i, item := range c.Items {
			p := c.Pixels[i*side*side*3:]
			if positions = append(positions, p[0]); p[1] != 255 || p[2] != colour(int(item.Row.Number))[2] {
				t.Errorf("position %d: pixels %v", item.Position, p[:3])
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range positions {
		if row, _ := calls.Load(int64(100 + i)); p != uint8(100+i) || row != int64(numbers[i]) {
			t.Errorf("item %d is augmented as position %d of row %v", i, p, row)
		}
	}
	if len(positions) != 100 {
		t.Errorf("%d images", len(positions))
	}
}

// TestAStreamWaitsForItsReceiver lets a receiver keep all chunks.
func TestAStreamWaitsForItsReceiver(t *testing.T) {
	var reads atomic.Int64
	s := stream(reader{before: func(context.Context, int) error { reads.Add(1); return nil }})
	s.ChunkSize, s.Ahead = 4, 3
	var kept []*images.Chunk
	chunks := 0
	err := s.Run(t.Context(), sequence(upTo(40), nil), func(_ context.Context, c *images.Chunk) error {
		chunks++
		if kept = append(kept, c); len(kept) < s.Ahead {
			return nil
		}
		time.Sleep(20 * time.Millisecond)
		if n := reads.Load(); n > int64(4*(chunks)) {
			t.Errorf("%d objects were read for %d chunks, %d of them kept", n, chunks, len(kept))
		}
		for _, c := range kept {
			c.Release()
		}
		kept = nil
		return nil
	})
	if err != nil || chunks != 10 {
		t.Errorf("%d chunks, error %v", chunks, err)
	}
}

func TestMetersCount(t *testing.T) {
	s := stream(reader{})
	s.FetchMeter, s.DecodeMeter = &pipeline.Meter{}, &pipeline.Meter{}
	if err := s.Run(t.Context(), sequence(upTo(20), nil), new(seen).each); err != nil {
		t.Fatal(err)
	}
	if f, d := s.FetchMeter.Read(), s.DecodeMeter.Read(); f.Rows != 20 || d.Rows != 20 {
		t.Errorf("fetched %+v, decoded %+v", f, d)
	}
}

func TestADeadStoreEndsTheStream(t *testing.T) {
	s := stream(reader{before: func(context.Context, int) error { return storage.ErrTransient }})
	if err := s.Run(t.Context(), sequence(upTo(50), nil), new(seen).each); !errors.Is(err, storage.ErrTransient) {
		t.Errorf("error %v", err)
	}
}

func TestErrorsEndTheStream(t *testing.T) {
	broken := errors.New("broken")
	if err := stream(reader{}).Run(t.Context(), sequence(upTo(50), broken), new(seen).each); !errors.Is(err, broken) {
		t.Errorf("items: %v", err)
	}
	calls := 0
	err := stream(reader{}).Run(t.Context(), sequence(upTo(500), nil), func(_ context.Context, c *images.Chunk) error {
		calls++
		return broken
	})
	if !errors.Is(err, broken) || calls != 1 {
		t.Errorf("receiver: %v after %d calls", err, calls)
	}
	for name, wrong := range map[string]func(*images.Stream){
		"chunk": func(s *images.Stream) { s.ChunkSize = images.MaxChunk + 1 }, "ahead": func(s *images.Stream) { s.Ahead = 1 },
		"workers": func(s *images.Stream) { s.Workers = -1 }, "filter": func(s *images.Stream) { s.Spec.Filter = "odd" },
	} {
		s := stream(reader{})
		wrong(s)
		if s.Run(t.Context(), sequence(upTo(1), nil), new(seen).each) == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestCancellationEndsTheStream(t *testing.T) {
	stop := errors.New("stop")
	ctx, cancel := context.WithCancelCause(t.Context())
	s := stream(reader{before: func(ctx context.Context, number int) error {
		if number == 30 {
			cancel(stop)
			<-ctx.Done()
		}
		return ctx.Err()
	}})
	var got seen
	if err := s.Run(ctx, sequence(upTo(1000), nil), got.each); !errors.Is(err, stop) || len(got.chunks) > 3 {
		t.Errorf("error %v after %d chunks", err, len(got.chunks))
	}
}

func TestNoItemsAreNoChunks(t *testing.T) {
	var got seen
	if err := stream(reader{}).Run(t.Context(), sequence(nil, nil), got.each); err != nil || len(got.chunks) > 0 {
		t.Errorf("%d chunks, error %v", len(got.chunks), err)
	}
}
