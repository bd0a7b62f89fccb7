package infer_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sdl-batch/sdl-batch/pipeline"
	"github.com/sdl-batch/sdl-batch/stages/infer"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	imageLen  = 3
	matrixLen = 6
	maxBatch  = 4
	poolCount = 2
)

// embedder is an Embedder made of a function.
type embedder func(ctx context.Context, pixels []uint8, n int, out []float32) error

func (e embedder) Embed(ctx context.Context, pixels []uint8, n int, out []float32) error {
	return e(ctx, pixels, n, out)
}

// Pixels with a meaning for number.
const (
	toNaN   = 200
	toPlus  = 201
	toLarge = 202
)

// number gives image i the matrix p+0.5, p+1.5, … of its first pixel p; some
// pixels put something in its last place that is no number.
func number(_ context.Context, pixels []uint8, n int, out []float32) error {
	if len(pixels) != n*imageLen || len(out) != n*matrixLen {
		return fmt.Errorf("%d pixels and room for %d values for %d images", len(pixels), len(out), n)
	}
	for i := range n {
		p := pixels[i*imageLen]
		for j := range matrixLen {
			out[i*matrixLen+j] = value(p, j)
		}
		last := &out[i*matrixLen+matrixLen-1]
		switch p {
		case toNaN:
			*last = float32(math.NaN())
		case toPlus:
			*last = float32(math.Inf(1))
		case toLarge:
			*last = -3e15 // finite, and too large to score
		}
	}
	return nil
}

func value(pixel uint8, j int) float32 { return float32(pixel) + float32(j) + 0.5 }

// source sends batches of images, one for each list of first pixels, and ends
// with err.
type source struct {
	pixels   [][]uint8
	err      error
	released *atomic.Int64
}

func (s source) Run(ctx context.Context, out chan<- *pipeline.Batch) error {
	for seq, pixels := range s.pixels {
		b := &pipeline.Batch{Seq: int64(seq), Rejected: []pipeline.Outcome{{Row: pipeline.Row{Number: -1}, Reject: &pipeline.Reject{Stage: "fetch"}}}}
		for _, p := range pixels {
			b.Images = append(b.Images, pipeline.Outcome{Row: pipeline.Row{Number: int64(p)}})
			b.Pixels = append(b.Pixels, p, 0, 0)
		}
		b.OnRelease(func() { s.released.Add(1) })
		if err := pipeline.Send(ctx, out, b); err != nil {
			return err
		}
	}
	return s.err
}

type sink struct {
	got      []*pipeline.Batch
	each     func(*pipeline.Batch)
	complete bool
}

func (s *sink) Run(ctx context.Context, in <-chan *pipeline.Batch) error {
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

func newStage(embedders ...infer.Embedder) *infer.Stage {
	return &infer.Stage{Embedders: embedders, MatrixLen: matrixLen, Embeddings: pipeline.NewPool[float32](poolCount, maxBatch*matrixLen)}
}

func flow(ctx context.Context, from source, stage *infer.Stage, into *sink) error {
	f := pipeline.NewFlow(ctx)
	pipeline.Into(f, "sink", pipeline.Through(f, "infer", 1, pipeline.From(f, "source", 1, from), stage), into)
	return f.Wait()
}

// checkMatrices compares what lies in each slot with the slot's image.
func checkMatrices(t *testing.T, b *pipeline.Batch) {
	t.Helper()
	if b.Pixels != nil || len(b.Embeddings) != b.Len()*matrixLen {
		t.Errorf("batch %d: %d pixels, %d values for %d images", b.Seq, len(b.Pixels), len(b.Embeddings), b.Len())
		return
	}
	for i, o := range b.Images {
		for j, v := range b.Embeddings[i*matrixLen:][:matrixLen] {
			if want := value(uint8(o.Number), j); v != want {
				t.Errorf("batch %d, image %d: value %d is %v, want %v", b.Seq, o.Number, j, v, want)
			}
		}
	}
}

func poolIsBack(t *testing.T, s *infer.Stage) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for i := range poolCount {
		if _, err := s.Embeddings.Get(ctx); err != nil {
			t.Fatalf("slice %d is not back: %v", i, err)
		}
	}
}

func TestMatricesBelongToTheirImages(t *testing.T) {
	var released atomic.Int64
	from := source{released: &released, pixels: [][]uint8{{1, 2, 3, 4}, {5}, {6, 7, 8, 9}, {10, 11}}}
	stage, out := newStage(embedder(number)), &sink{}
	out.each = func(b *pipeline.Batch) {
		checkMatrices(t, b)
		if n := released.Load(); n < b.Seq+1 {
			t.Errorf("batch %d came with its pixels in use: %d released", b.Seq, n)
		}
	}
	if err := flow(t.Context(), from, stage, out); err != nil || !out.complete || len(out.got) != 4 {
		t.Fatalf("%d batches, complete %v, error %v", len(out.got), out.complete, err)
	}
	if released.Load() != 4 {
		t.Errorf("pixels were released %d times", released.Load())
	}
	poolIsBack(t, stage)
}

func TestImagesWithoutNumbersAreRejectedAlone(t *testing.T) {
	var released atomic.Int64
	from := source{released: &released, pixels: [][]uint8{{toNaN, 2, toPlus, 4}, {toLarge}, {5, toNaN}}}
	stage, out := newStage(embedder(number)), &sink{each: func(b *pipeline.Batch) { checkMatrices(t, b) }}
	if err := flow(t.Context(), from, stage, out); err != nil {
		t.Fatal(err)
	}
	want := [][2][]int64{{{2, 4}, {-1, toNaN, toPlus}}, {nil, {-1, toLarge}}, {{5}, {-1, toNaN}}}
	for i, b := range out.got {
		if !slices.Equal(numbers(b.Images), want[i][0]) || !slices.Equal(numbers(b.Rejected), want[i][1]) {
			t.Errorf("batch %d: images %v, rejected %v", i, numbers(b.Images), numbers(b.Rejected))
		}
		for _, o := range b.Rejected[1:] {
			if o.Reject == nil || o.Reject.Stage != "infer" || o.Reject.Code != infer.CodeNotFinite || o.Reject.Message == "" || o.Reject.Retryable {
				t.Errorf("image %d: %+v", o.Number, o.Reject)
			}
		}
	}
	poolIsBack(t, stage)
}

func numbers(outcomes []pipeline.Outcome) []int64 {
	var out []int64
	for _, o := range outcomes {
		out = append(out, o.Number)
	}
	return out
}

func TestABatchWithoutImagesIsPassedOn(t *testing.T) {
	var released atomic.Int64
	never := embedder(func(context.Context, []uint8, int, []float32) error { return errors.New("asked for no image") })
	stage, out := newStage(never), &sink{}
	if err := flow(t.Context(), source{released: &released, pixels: [][]uint8{nil, nil}}, stage, out); err != nil {
		t.Fatal(err)
	}
	if len(out.got) != 2 || out.got[0].Rows() != 1 || released.Load() != 2 {
		t.Errorf("%d batches, %d released", len(out.got), released.Load())
	}
}

// TestDevicesShareTheBatches has each of two devices wait until both have work.
func TestDevicesShareTheBatches(t *testing.T) {
	var both sync.WaitGroup
	both.Add(2)
	device := func() infer.Embedder {
		var once sync.Once
		return embedder(func(ctx context.Context, pixels []uint8, n int, out []float32) error {
			once.Do(func() { both.Done(); both.Wait() })
			return number(ctx, pixels, n, out)
		})
	}
	var released atomic.Int64
	from := source{released: &released}
	for i := range 50 {
		from.pixels = append(from.pixels, []uint8{uint8(i), uint8(i + 1)})
	}
	stage, out := newStage(device(), device()), &sink{each: func(b *pipeline.Batch) { checkMatrices(t, b) }}
	if err := flow(t.Context(), from, stage, out); err != nil {
		t.Fatal(err)
	}
	seen := map[int64]bool{}
	for _, b := range out.got {
		seen[b.Seq] = true
	}
	if len(seen) != 50 || len(out.got) != 50 {
		t.Errorf("%d batches, %d different ones", len(out.got), len(seen))
	}
	poolIsBack(t, stage)
}

func TestAFailingDeviceEndsTheFlow(t *testing.T) {
	lost := errors.New("device lost")
	var calls atomic.Int64
	device := embedder(func(ctx context.Context, pixels []uint8, n int, out []float32) error {
		if calls.Add(1) == 2 {
			return lost
		}
		return number(ctx, pixels, n, out)
	})
	var released atomic.Int64
	from := source{released: &released}
	for range 100 {
		from.pixels = append(from.pixels, []uint8{1})
	}
	out := &sink{}
	if err := flow(t.Context(), from, newStage(device), out); !errors.Is(err, lost) || out.complete || len(out.got) > 1 {
		t.Errorf("error %v after %d batches, complete %v", err, len(out.got), out.complete)
	}
}

func TestCancellationReachesTheDevice(t *testing.T) {
	stop := errors.New("stop")
	ctx, cancel := context.WithCancelCause(t.Context())
	device := embedder(func(ctx context.Context, _ []uint8, _ int, _ []float32) error {
		cancel(stop)
		<-ctx.Done()
		return context.Cause(ctx)
	})
	var released atomic.Int64
	out := &sink{}
	if err := flow(ctx, source{released: &released, pixels: [][]uint8{{1}, {2}}}, newStage(device), out); !errors.Is(err, stop) || out.complete {
		t.Errorf("error %v, complete %v", err, out.complete)
	}
}

func TestUpstreamFailureIsNotAnEnd(t *testing.T) {
	broken := errors.New("broken")
	var released atomic.Int64
	out := &sink{}
	from := source{released: &released, pixels: [][]uint8{{1}, {2}}, err: broken}
	if err := flow(t.Context(), from, newStage(embedder(number)), out); !errors.Is(err, broken) || out.complete {
		t.Errorf("error %v, complete %v", err, out.complete)
	}
}
