// Package fetch reads the objects that manifest rows name.
package fetch

import (
	"context"
	"crypto/sha256"
	"errors"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"github.com/sdl-batch/sdl-batch/pipeline"
	"github.com/sdl-batch/sdl-batch/storage"
)

// Reader reads a whole object. It grows buf as needed, refuses what is larger
// than maxBytes with storage.ErrTooLarge, and reports back-off through
// storage.OnBackoff.
type Reader interface {
	Read(ctx context.Context, uri string, buf []byte, maxBytes int64) ([]byte, storage.Attrs, error)
}

// Config bounds the work. Zero values mean the default.
type Config struct {
	Workers  int   // concurrent reads; 32
	MaxBytes int64 // largest object; 64 MiB
	Budget   int64 // bytes read or being read and not yet decoded, but for one body of MaxBytes; 256 MiB, or 4 MiB a worker
}

func (c Config) withDefaults() Config {
	if c.Workers == 0 {
		c.Workers = 32
	}
	if c.MaxBytes == 0 {
		c.MaxBytes = 64 << 20
	}
	if c.Budget == 0 {
		c.Budget = max(256<<20, int64(c.Workers)*firstClaim)
	}
	c.Budget = max(c.Budget, c.MaxBytes)
	return c
}

// Stage turns rows into objects. They leave in the order of the rows, save
// those whose store made them wait: these follow when they arrive, so that one
// slow object stalls nothing.
type Stage struct {
	Reader Reader
	Config Config
	Meter  *pipeline.Meter

	breaker breaker
}

// Run implements pipeline.Stage. It fails with storage.ErrTransient when the
// store as a whole does not answer.
func (s *Stage) Run(ctx context.Context, in <-chan pipeline.Row, out chan<- pipeline.Object) error {
	config := s.Config.withDefaults()
	group, ctx := errgroup.WithContext(ctx)
	r := &run{
		stage:    s,
		config:   config,
		memory:   newBudget(config.Budget, config.MaxBytes),
		workers:  semaphore.NewWeighted(int64(config.Workers)),
		deferred: semaphore.NewWeighted(int64(8 * config.Workers)),
		window:   make(chan *future, config.Workers),
		late:     make(chan pipeline.Object),
	}
	group.Go(func() error { return r.dispatch(ctx, group, in) })
	group.Go(func() error { return r.emit(ctx, out) })
	return group.Wait()
}

// run is one call of Stage.Run.
type run struct {
	stage    *Stage
	config   Config
	memory   *budget
	workers  *semaphore.Weighted // reads that hold a place in the window
	deferred *semaphore.Weighted // reads that wait for their store outside it
	window   chan *future        // in the order of the rows; closed after the last
	late     chan pipeline.Object
}

// future is a row whose object is on its way. Exactly one of the two happens:
// done receives the object, or gone is closed and the object comes as late.
type future struct {
	row   pipeline.Row
	claim int64 // bytes of memory
	done  chan pipeline.Object
	gone  chan struct{}
	left  atomic.Bool // gone is closed
}

func (r *run) dispatch(ctx context.Context, group *errgroup.Group, in <-chan pipeline.Row) error {
	for {
		row, ok, err := pipeline.Recv(ctx, in)
		if err != nil {
			return err
		}
		if !ok {
			close(r.window)
			return nil
		}
		if err := r.workers.Acquire(ctx, 1); err != nil {
			return context.Cause(ctx)
		}
		claim, err := r.memory.acquire(ctx)
		if err != nil {
			return err
		}
		f := &future{row: row, claim: claim, done: make(chan pipeline.Object, 1), gone: make(chan struct{})}
		group.Go(func() error { return r.follow(ctx, f) })
		if err := pipeline.Send(ctx, r.window, f); err != nil {
			return err
		}
	}
}

// follow reads one object and delivers it, in its turn or late.
func (r *run) follow(ctx context.Context, f *future) error {
	reading := storage.OnBackoff(ctx, func(int, time.Duration) { r.leave(f) })
	object, err := r.read(reading, f)
	if f.left.Load() {
		r.deferred.Release(1)
	} else {
		r.workers.Release(1)
	}
	if err != nil {
		return err
	}
	if f.left.Load() {
		return pipeline.Send(ctx, r.late, object)
	}
	f.done <- object
	return nil
}

// leave takes a waiting read out of the window, unless too many wait already.
func (r *run) leave(f *future) {
	if !f.left.Load() && r.deferred.TryAcquire(1) {
		r.part(f)
	}
}

// part notes that f, which holds a place among the deferred, comes late.
func (r *run) part(f *future) {
	f.left.Store(true)
	r.workers.Release(1)
	close(f.gone)
}

// emit sends the objects on: the window's in order, late ones as they come.
func (r *run) emit(ctx context.Context, out chan<- pipeline.Object) error {
	window := r.window
	var head *future
	waiting := 0 // futures seen to have left, less the late objects sent
	for window != nil || head != nil || waiting > 0 {
		var next <-chan *future
		var done <-chan pipeline.Object
		var gone <-chan struct{}
		if head == nil {
			next = window
		} else {
			done, gone = head.done, head.gone
		}
		select {
		case f, ok := <-next:
			if !ok {
				window = nil
			}
			head = f
		case <-gone:
			waiting++
			head = nil
		case o := <-done:
			head = nil
			if err := pipeline.Send(ctx, out, o); err != nil {
				return err
			}
		case o := <-r.late:
			waiting--
			if err := pipeline.Send(ctx, out, o); err != nil {
				return err
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// read turns a row into an object. Errors are of the job, not of the row.
func (r *run) read(ctx context.Context, f *future) (pipeline.Object, error) {
	o := pipeline.Object{Row: f.row}
	if f.row.Invalid != nil {
		r.memory.free.Release(f.claim)
		o.Reject = f.row.Invalid
		return o, nil
	}
	start := time.Now()
	err := r.readBody(ctx, f, &o)
	if err != nil {
		if ctx.Err() != nil {
			return o, context.Cause(ctx)
		}
		o.Reject, err = r.stage.breaker.judge(f.row.URI, err)
		return o, err
	}
	r.stage.breaker.answered(f.row.URI)
	r.stage.Meter.Add(1, int64(len(o.Body)), start)
	o.SHA256 = sha256.Sum256(o.Body)
	return o, nil
}

// readBody reads within the row's claim, or through the lane of large bodies.
func (r *run) readBody(ctx context.Context, f *future, o *pipeline.Object) error {
	buf := r.memory.buffer()
	body, attrs, err := r.stage.Reader.Read(ctx, f.row.URI, buf[:0], f.claim)
	o.Attempts, o.Version = attrs.Attempts, attrs.Version
	if err == nil {
		o.Body, o.Free = body, r.memory.keep(f.claim, body)
		return nil
	}
	r.memory.recycle(buf)
	r.memory.free.Release(f.claim)
	if !errors.Is(err, storage.ErrTooLarge) || f.claim >= r.config.MaxBytes {
		return err
	}
	return r.readLarge(ctx, f, o)
}

// readLarge reads a body that is larger than its claim. It does so out of the
// window: rows before it may be waiting for the same lane.
func (r *run) readLarge(ctx context.Context, f *future, o *pipeline.Object) error {
	if !f.left.Load() {
		if err := r.deferred.Acquire(ctx, 1); err != nil {
			return context.Cause(ctx)
		}
		r.part(f)
	}
	leave, err := r.memory.enter(ctx)
	if err != nil {
		return err
	}
	body, attrs, err := r.stage.Reader.Read(ctx, f.row.URI, nil, r.config.MaxBytes)
	o.Attempts, o.Version = o.Attempts+attrs.Attempts-1, attrs.Version
	if err != nil {
		leave()
		return err
	}
	r.memory.grow(int64(len(body)))
	o.Body, o.Free = body, leave
	return nil
}
