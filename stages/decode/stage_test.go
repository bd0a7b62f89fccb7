package decode_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/sdl-batch/sdl-batch/pipeline"
	"github.com/sdl-batch/sdl-batch/stages/decode"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const stageSize = 2 // pixels per side

// plain is the one colour of row n's picture.
func plain(n int64) color.RGBA {
	return color.RGBA{uint8(n), uint8(n >> 8), uint8(37 * n), 255}
}

// picture is the encoded image of row n.
func picture(n int64, side int) []byte {
	canvas := image.NewRGBA(image.Rect(0, 0, side, side))
	for i := range side * side {
		canvas.SetRGBA(i%side, i/side, plain(n))
	}
	var file bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.NoCompression}).Encode(&file, canvas); err != nil {
		panic(err)
	}
	return file.Bytes()
}

// parcel is an object on its way into the stage and how often it was freed.
type parcel struct {
	pipeline.Object
	freed *atomic.Int32
}

func parcelOf(shard pipeline.Shard, row int64, body []byte) parcel {
	p := parcel{Object: pipeline.Object{Row: pipeline.Row{Shard: shard, Number: row, URI: fmt.Sprint(row)}}, freed: new(atomic.Int32)}
	p.Body, p.Version, p.Attempts, p.SHA256[0] = body, fmt.Sprint("v", row), 2, byte(row)
	p.Free = func() { p.freed.Add(1) }
	return p
}

func lost(shard pipeline.Shard, row int64) parcel {
	p := parcel{Object: pipeline.Object{Row: pipeline.Row{Shard: shard, Number: row}}, freed: new(atomic.Int32)}
	p.Reject = &pipeline.Reject{Stage: "fetch", Code: "not_found"}
	return p
}

// parcels is a source of objects that ends with err.
type parcels struct {
	all []parcel
	err error
}

func (p parcels) Run(ctx context.Context, out chan<- pipeline.Object) error {
	for _, o := range p.all {
		if err := pipeline.Send(ctx, out, o.Object); err != nil {
			return err
		}
	}
	return p.err
}

// batches is a sink that looks at each batch before it is released.
type batches struct {
	got      []*pipeline.Batch
	each     func(*pipeline.Batch)
	complete bool
}

func (s *batches) Run(ctx context.Context, in <-chan *pipeline.Batch) error {
	for {
		b, ok, err := pipeline.Recv(ctx, in)
		if err != nil {
			return err
		}
		if !ok {
			s.complete = true
			return nil
		}
		if s.each != nil {
			s.each(b)
		}
		s.got = append(s.got, b)
		b.Release()
	}
}

const slabCount = 4

func newStage(batchSize int) *decode.Stage {
	return &decode.Stage{
		Spec: decode.Spec{Size: stageSize, Filter: "bilinear"}, Workers: 3, BatchSize: batchSize,
		Limits: decode.Limits{Timeout: patience}, Slabs: pipeline.NewPool[uint8](slabCount, batchSize*stageSize*stageSize*3),
	}
}

func decodeAll(ctx context.Context, from parcels, stage *decode.Stage, into *batches) error {
	f := pipeline.NewFlow(ctx)
	pipeline.Into(f, "sink", pipeline.Through(f, "decode", 1, pipeline.From(f, "parcels", 4, from), stage), into)
	return f.Wait()
}

// failer is what both kinds of tests have.
type failer interface {
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Helper()
}

// checkPixels compares what lies in each slot with the slot's row.
func checkPixels(t failer, b *pipeline.Batch) {
	t.Helper()
	const n = stageSize * stageSize * 3
	if len(b.Pixels) != b.Len()*n {
		t.Errorf("batch %d has %d pixel bytes for %d images", b.Seq, len(b.Pixels), b.Len())
		return
	}
	for slot, o := range b.Images {
		c := plain(o.Number)
		want := bytes.Repeat([]byte{c.R, c.G, c.B}, stageSize*stageSize)
		if got := b.Pixels[slot*n:][:n]; !bytes.Equal(got, want) {
			t.Errorf("batch %d, slot %d, row %d: pixels %v, want %v", b.Seq, slot, o.Number, got, want)
		}
		if o.Reject != nil || o.Format != "png" || o.Width == 0 || o.Version != fmt.Sprint("v", o.Number) || o.SHA256[0] != byte(o.Number) || o.Attempts != 2 || o.Bytes == 0 {
			t.Errorf("row %d: %+v", o.Number, o)
		}
	}
}

// slabsAreBack fails unless every slab can be had again.
func slabsAreBack(t failer, ctx context.Context, pool *pipeline.Pool[uint8]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for i := range slabCount {
		if _, err := pool.Get(ctx); err != nil {
			t.Fatalf("slab %d is not back: %v", i, err)
		}
	}
}

func rowsOf(outcomes []pipeline.Outcome) []int64 {
	var rows []int64
	for _, o := range outcomes {
		rows = append(rows, o.Number)
	}
	return rows
}

// TestBatchesOfShards sends any mixture of pictures, broken ones and rejects of
// up to two shards at once.
func TestBatchesOfShards(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		batchSize := rapid.IntRange(1, 5).Draw(t, "batch size")
		from, bad := drawParcels(t)
		stage, sink := newStage(batchSize), &batches{each: func(b *pipeline.Batch) { checkPixels(t, b) }}
		if err := decodeAll(t.Context(), from, stage, sink); err != nil || !sink.complete {
			t.Fatalf("complete %v, error %v", sink.complete, err)
		}
		seen := map[int64]int{}
		for i, b := range sink.got {
			if b.Seq != int64(i) || b.Len() > batchSize || b.Rows() == 0 {
				t.Errorf("batch %d has number %d, %d images, %d rows", i, b.Seq, b.Len(), b.Rows())
			}
			for _, o := range slices.Concat(b.Images, b.Rejected) {
				seen[o.Number]++
				if o.Shard != b.Shard {
					t.Errorf("row %d of shard %d is in a batch of shard %d", o.Number, o.Shard.Index, b.Shard.Index)
				}
			}
			for _, o := range b.Rejected {
				if o.Reject == nil || bad[o.Number] != o.Reject.Stage {
					t.Errorf("row %d is rejected: %+v; its fault is %q", o.Number, o.Reject, bad[o.Number])
				}
			}
		}
		for _, p := range from.all {
			if seen[p.Number] != 1 {
				t.Errorf("row %d came %d times", p.Number, seen[p.Number])
			}
			if n := p.freed.Load(); p.Free != nil && n != 1 {
				t.Errorf("the body of row %d was freed %d times", p.Number, n)
			}
		}
		slabsAreBack(t, t.Context(), stage.Slabs)
	})
}

// drawParcels draws the rows of a few shards, some late by up to a shard, and
// tells the stage that each bad one is to be rejected by.
func drawParcels(t *rapid.T) (from parcels, bad map[int64]string) {
	bad = map[int64]string{}
	var late []parcel
	first := int64(0)
	for i := range rapid.IntRange(1, 5).Draw(t, "shards") {
		shard := pipeline.Shard{Index: i, First: first, Rows: rapid.Int64Range(1, 12).Draw(t, "rows")}
		waiting := late
		late = nil
		for row := range shard.Rows {
			p := drawParcel(t, shard, first+row, bad)
			if rapid.IntRange(0, 5).Draw(t, "late") == 0 {
				late = append(late, p)
				continue
			}
			from.all = append(from.all, p)
		}
		from.all = append(from.all, waiting...)
		first += shard.Rows
	}
	from.all = append(from.all, late...)
	return from, bad
}

func drawParcel(t *rapid.T, shard pipeline.Shard, row int64, bad map[int64]string) parcel {
	switch rapid.IntRange(0, 4).Draw(t, "kind") {
	case 0:
		bad[row] = "fetch"
		return lost(shard, row)
	case 1:
		bad[row] = "decode"
		return parcelOf(shard, row, picture(row, 2)[:40])
	}
	return parcelOf(shard, row, picture(row, 2))
}

func TestShortAndFullBatchesOfAShard(t *testing.T) {
	a, b := pipeline.Shard{Index: 0, Rows: 5}, pipeline.Shard{Index: 1, First: 5, Rows: 3}
	from := parcels{}
	for row := range int64(8) {
		shard := a
		if row >= 5 {
			shard = b
		}
		from.all = append(from.all, parcelOf(shard, row, picture(row, 2)))
	}
	sink := &batches{}
	if err := decodeAll(t.Context(), from, newStage(2), sink); err != nil {
		t.Fatal(err)
	}
	want := [][]int64{{0, 1}, {2, 3}, {4}, {5, 6}, {7}}
	for i, rows := range want {
		if i >= len(sink.got) || !slices.Equal(rowsOf(sink.got[i].Images), rows) {
			t.Fatalf("batch %d of %d, want rows %v", i, len(sink.got), rows)
		}
	}
}

// TestALateRowJoinsItsOwnShard has row 1 arrive after the next shard began.
func TestALateRowJoinsItsOwnShard(t *testing.T) {
	a, b := pipeline.Shard{Index: 0, Rows: 3}, pipeline.Shard{Index: 1, First: 3, Rows: 2}
	all := []parcel{
		parcelOf(a, 0, picture(0, 2)), parcelOf(a, 2, picture(2, 2)), parcelOf(b, 3, picture(3, 2)),
		parcelOf(a, 1, picture(1, 2)), parcelOf(b, 4, picture(4, 2)),
	}
	sink := &batches{each: func(b *pipeline.Batch) { checkPixels(t, b) }}
	if err := decodeAll(t.Context(), parcels{all: all}, newStage(8), sink); err != nil {
		t.Fatal(err)
	}
	if len(sink.got) != 2 || !slices.Equal(rowsOf(sink.got[0].Images), []int64{0, 2, 1}) || !slices.Equal(rowsOf(sink.got[1].Images), []int64{3, 4}) {
		t.Errorf("%d batches: %v", len(sink.got), rowsOf(sink.got[0].Images))
	}
}

// TestAShardOfRejectsNeedsNoSlab has no slab to give.
func TestAShardOfRejectsNeedsNoSlab(t *testing.T) {
	const rows = 2500
	shard := pipeline.Shard{Rows: rows}
	from := parcels{}
	for row := range int64(rows) {
		from.all = append(from.all, lost(shard, row))
	}
	stage, sink := newStage(8), &batches{}
	stage.Slabs = pipeline.NewPool[uint8](0, 8*stageSize*stageSize*3)
	if err := decodeAll(t.Context(), from, stage, sink); err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, b := range sink.got {
		if b.Len() != 0 || len(b.Rejected) > 1024 {
			t.Errorf("%d images, %d rejects", b.Len(), len(b.Rejected))
		}
		total += b.Rows()
	}
	if total != rows || len(sink.got) != 3 {
		t.Errorf("%d rows in %d batches", total, len(sink.got))
	}
}

// TestSlabsBoundThePixelsInFlight holds batches until every slab is in one.
func TestSlabsBoundThePixelsInFlight(t *testing.T) {
	shard := pipeline.Shard{Rows: 40}
	from := parcels{}
	for row := range shard.Rows {
		from.all = append(from.all, parcelOf(shard, row, picture(row, 2)))
	}
	stage := newStage(2)
	f := pipeline.NewFlow(t.Context())
	sink := &holder{slabs: stage.Slabs}
	pipeline.Into(f, "sink", pipeline.Through(f, "decode", 1, pipeline.From(f, "parcels", 4, from), stage), sink)
	if err := f.Wait(); err != nil {
		t.Fatal(err)
	}
	if sink.rows != 40 {
		t.Errorf("%d rows", sink.rows)
	}
	slabsAreBack(t, t.Context(), stage.Slabs)
}

// holder is a sink that keeps slabCount batches before it releases them.
type holder struct {
	slabs *pipeline.Pool[uint8]
	held  []*pipeline.Batch
	rows  int
}

func (h *holder) Run(ctx context.Context, in <-chan *pipeline.Batch) error {
	for {
		b, ok, err := pipeline.Recv(ctx, in)
		if err != nil || !ok {
			return err
		}
		h.rows += b.Rows()
		if h.held = append(h.held, b); len(h.held) < slabCount {
			continue
		}
		short, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
		_, err = h.slabs.Get(short)
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) {
			return fmt.Errorf("a slab while all are held: %w", err)
		}
		for _, b := range h.held {
			b.Release()
		}
		h.held = nil
	}
}

// TestBatchesKeepTheirOrder has the first picture take longest.
func TestBatchesKeepTheirOrder(t *testing.T) {
	shard := pipeline.Shard{Rows: 30}
	from := parcels{}
	for row := range shard.Rows {
		side := 2
		if row == 0 {
			side = 700
		}
		from.all = append(from.all, parcelOf(shard, row, picture(row, side)))
	}
	sink := &batches{each: func(b *pipeline.Batch) { checkPixels(t, b) }}
	if err := decodeAll(t.Context(), from, newStage(3), sink); err != nil {
		t.Fatal(err)
	}
	next := int64(0)
	for _, b := range sink.got {
		for _, o := range b.Images {
			if o.Number != next {
				t.Fatalf("row %d at place %d", o.Number, next)
			}
			next++
		}
	}
}

func TestUpstreamFailureIsNotAnEnd(t *testing.T) {
	broken := errors.New("broken")
	shard := pipeline.Shard{Rows: 10}
	from := parcels{err: broken}
	for row := range int64(5) {
		from.all = append(from.all, parcelOf(shard, row, picture(row, 2)))
	}
	sink := &batches{}
	if err := decodeAll(t.Context(), from, newStage(2), sink); !errors.Is(err, broken) || sink.complete {
		t.Errorf("error %v, complete %v", err, sink.complete)
	}
}

func TestCancellationEndsTheStage(t *testing.T) {
	stop := errors.New("stop")
	ctx, cancel := context.WithCancelCause(t.Context())
	shard := pipeline.Shard{Rows: 200}
	from := parcels{}
	for row := range shard.Rows {
		from.all = append(from.all, parcelOf(shard, row, picture(row, 2)))
	}
	sink := &batches{each: func(*pipeline.Batch) { cancel(stop) }}
	if err := decodeAll(ctx, from, newStage(2), sink); !errors.Is(err, stop) || sink.complete || len(sink.got) > 1 {
		t.Errorf("error %v after %d batches", err, len(sink.got))
	}
	for _, p := range from.all {
		if n := p.freed.Load(); n > 1 {
			t.Errorf("the body of row %d was freed %d times", p.Number, n)
		}
	}
}

// TestAWrongSpecStartsNothing runs the stage on an input that never ends.
func TestAWrongSpecStartsNothing(t *testing.T) {
	before := goleak.IgnoreCurrent()
	stage := newStage(2)
	stage.Spec.Filter = "none such"
	if err := stage.Run(t.Context(), make(chan pipeline.Object), nil); err == nil {
		t.Error("no error")
	}
	goleak.VerifyNone(t, before)
}
