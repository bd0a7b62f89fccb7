package decode

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/sdl-batch/sdl-batch/pipeline"
)

// MaxRejects closes a batch that gathers rejects and hardly any images.
const MaxRejects = 1024

// Stage decodes objects and gathers them into batches, one shard each. A batch
// is sent when it is full or its shard has no more rows. Batches leave in the
// order in which they filled up.
type Stage struct {
	Spec      Spec
	Limits    Limits
	Workers   int                   // images decoded at once
	BatchSize int                   // images a batch
	Slabs     *pipeline.Pool[uint8] // pixels of a whole batch: BatchSize·S·S·3
	MaxText   int64                 // bytes of names, carried values and messages that close a batch; 0 none
	Meter     *pipeline.Meter
}

// Run implements pipeline.Stage.
func (s *Stage) Run(ctx context.Context, in <-chan pipeline.Object, out chan<- *pipeline.Batch) error {
	decoders := make([]*Decoder, s.Workers)
	shared := newBudget(s.Limits.sharedMemory(s.Spec, s.Workers))
	for i := range decoders {
		var err error
		if decoders[i], err = New(s.Spec, s.Limits); err != nil {
			return err
		}
		decoders[i].budget = shared
	}
	group, ctx := errgroup.WithContext(ctx)
	jobs := make(chan job, s.Workers)
	filled := make(chan *filling, 2)
	group.Go(func() error { return s.gather(ctx, in, jobs, filled) })
	for _, d := range decoders {
		group.Go(func() error { return s.work(ctx, d, jobs) })
	}
	group.Go(func() error { return s.emit(ctx, filled, out) })
	return group.Wait()
}

// filling is a batch whose images are being decoded.
type filling struct {
	batch *pipeline.Batch
	left  int64         // rows of the shard still to come
	text  int64         // bytes of the rows' texts
	busy  atomic.Int64  // images being decoded, and one for the gatherer
	ready chan struct{} // closed when busy has come down to 0
}

func newFilling(shard pipeline.Shard, left int64) *filling {
	f := &filling{batch: &pipeline.Batch{Shard: shard}, left: left, ready: make(chan struct{})}
	f.busy.Store(1)
	return f
}

func (f *filling) done() {
	if f.busy.Add(-1) == 0 {
		close(f.ready)
	}
}

type job struct {
	object  pipeline.Object
	outcome *pipeline.Outcome
	pixels  []uint8 // [S,S,3]
	done    func()
}

// gather gives every object a slot in the open batch of its shard.
func (s *Stage) gather(ctx context.Context, in <-chan pipeline.Object, jobs chan<- job, filled chan<- *filling) error {
	open := map[int]*filling{}
	var seq int64
	for {
		o, ok, err := pipeline.Recv(ctx, in)
		if err != nil {
			return err
		}
		if !ok {
			close(jobs)
			close(filled)
			return nil
		}
		f := open[o.Shard.Index]
		if f == nil {
			f = newFilling(o.Shard, o.Shard.Rows)
			open[o.Shard.Index] = f
		}
		if err := s.place(ctx, f, o, jobs); err != nil {
			return err
		}
		f.left--
		f.text += textOf(o)
		if f.left > 0 && !s.full(f) {
			continue
		}
		f.batch.Seq, seq = seq, seq+1
		f.done()
		if err := pipeline.Send(ctx, filled, f); err != nil {
			return err
		}
		delete(open, o.Shard.Index)
		if f.left > 0 {
			open[o.Shard.Index] = newFilling(o.Shard, f.left)
		}
	}
}

// full tells whether a batch takes no more rows.
func (s *Stage) full(f *filling) bool {
	return f.batch.Len() >= s.BatchSize || len(f.batch.Rejected) >= MaxRejects || s.MaxText > 0 && f.text >= s.MaxText
}

// textOf is the size in bytes of what an object's row says.
func textOf(o pipeline.Object) int64 {
	n := len(o.URI) + len(o.Version)
	for _, value := range o.Carried {
		n += len(value)
	}
	if o.Reject != nil {
		n += len(o.Reject.Message)
	}
	return int64(n)
}

func (s *Stage) place(ctx context.Context, f *filling, o pipeline.Object, jobs chan<- job) error {
	outcome := pipeline.Outcome{
		Row: o.Row, Version: o.Version, SHA256: o.SHA256, Bytes: int64(len(o.Body)), Attempts: o.Attempts,
		Processed: time.Now().UTC(), Reject: o.Reject,
	}
	b := f.batch
	if o.Reject != nil {
		b.Rejected = append(b.Rejected, outcome)
		return nil
	}
	if b.Pixels == nil {
		if err := s.allocate(ctx, b); err != nil {
			return err
		}
	}
	slot := b.Len()
	b.Images = append(b.Images, outcome)
	f.busy.Add(1)
	return pipeline.Send(ctx, jobs, job{
		object: o, outcome: &b.Images[slot], pixels: b.Pixels[slot*s.imageLen():][:s.imageLen()], done: f.done,
	})
}

func (s *Stage) allocate(ctx context.Context, b *pipeline.Batch) error {
	slab, err := s.Slabs.Get(ctx)
	if err != nil {
		return err
	}
	b.Pixels = slab
	// Workers hold pointers into Images: it must never move.
	b.Images = make([]pipeline.Outcome, 0, s.BatchSize)
	return nil
}

func (s *Stage) imageLen() int { return s.Spec.Size * s.Spec.Size * 3 }

func (s *Stage) work(ctx context.Context, d *Decoder, jobs <-chan job) error {
	for {
		j, ok, err := pipeline.Recv(ctx, jobs)
		if err != nil || !ok {
			return err
		}
		start := time.Now()
		info, err := d.Decode(ctx, j.object.Body, j.pixels)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		j.outcome.Width, j.outcome.Height, j.outcome.Format = info.Width, info.Height, info.Format
		j.outcome.Reject = asOutcome(err)
		s.Meter.Add(1, int64(len(j.object.Body)), start)
		j.object.Release()
		j.done()
	}
}

func asOutcome(err error) *pipeline.Reject {
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) {
		return &pipeline.Reject{Stage: "decode", Code: e.Code, Message: e.Message, Retryable: e.Code == CodeTimeout}
	}
	return &pipeline.Reject{Stage: "decode", Code: CodeCorrupt, Message: err.Error()}
}

// emit sends each batch on once its images are decoded.
func (s *Stage) emit(ctx context.Context, filled <-chan *filling, out chan<- *pipeline.Batch) error {
	for {
		f, ok, err := pipeline.Recv(ctx, filled)
		if err != nil || !ok {
			return err
		}
		if _, _, err := pipeline.Recv(ctx, f.ready); err != nil {
			return err
		}
		s.compact(f.batch)
		if err := pipeline.Send(ctx, out, f.batch); err != nil {
			return err
		}
	}
}

// compact moves rejected images out of the slots, so that the first Len slots
// of the pixels are the batch's images.
func (s *Stage) compact(b *pipeline.Batch) {
	slab, n := b.Pixels, 0
	for i, o := range b.Images {
		if o.Reject != nil {
			b.Rejected = append(b.Rejected, o)
			continue
		}
		if n != i {
			copy(slab[n*s.imageLen():][:s.imageLen()], slab[i*s.imageLen():])
			b.Images[n] = o
		}
		n++
	}
	b.Images = b.Images[:n]
	if slab != nil {
		b.Pixels = slab[:n*s.imageLen()]
		b.OnRelease(func() { s.Slabs.Put(slab) })
	}
}
