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
	// Patience is how long images wait for an answer of their store, or of any web
	// host, before it, or the web, counts as down; 1 minute.
	Patience time.Duration
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
	if c.Patience == 0 {
		c.Patience = time.Minute
	}
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
	web     webJudge
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
		held:     semaphore.NewWeighted(mostHeld),
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
	held     *semaphore.Weighted // rows that wait to learn whether their store is down
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
	state atomic.Int32
	held  bool      // has a place among the held; of the reading goroutine
	again bool      // was read once more because its store had been silent
	since time.Time // when it got that
}

// States of a future. The first leads to one of the others.
const (
	inWindow = iota
	arrived
	left // gone is closed
)

// settle ends the time in the window; false where it has ended before.
func (f *future) settle(state int32) bool { return f.state.CompareAndSwap(inWindow, state) }

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
	object, err := r.read(ctx, f)
	late := !f.settle(arrived)
	switch {
	case !late:
		r.workers.Release(1)
	case f.held:
		r.held.Release(1)
	default:
		r.deferred.Release(1)
	}
	if err != nil {
		return err
	}
	if late {
		return pipeline.Send(ctx, r.late, object)
	}
	f.done <- object
	return nil
}

// leave takes a waiting read out of the window, unless too many wait already.
func (r *run) leave(f *future) {
	if f.state.Load() == inWindow && r.deferred.TryAcquire(1) && !r.part(f) {
		r.deferred.Release(1)
	}
}

// part notes that f, which has another place by now, comes late; false where
// that was known, or f has arrived.
func (r *run) part(f *future) bool {
	if !f.settle(left) {
		return false
	}
	r.workers.Release(1)
	close(f.gone)
	return true
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
	tried := start // the last try
	reading := storage.OnBackoff(ctx, func(int, time.Duration) {
		tried = time.Now()
		r.leave(f)
	})
	err := r.readBody(reading, f, &o)
	if err != nil {
		o.Reject, err = r.judge(ctx, f, tried, err)
	}
	if errors.Is(err, errAgain) {
		return r.readAgain(ctx, f)
	}
	if err != nil || o.Reject != nil {
		return o, err
	}
	r.answered(f.row.URI)
	r.stage.Meter.Add(1, int64(len(o.Body)), start)
	o.SHA256 = sha256.Sum256(o.Body)
	return o, nil
}

// readAgain reads with a new claim. The row has left the window, so that no row
// waits for it.
func (r *run) readAgain(ctx context.Context, f *future) (pipeline.Object, error) {
	claim, err := r.memory.acquire(ctx)
	if err != nil {
		return pipeline.Object{Row: f.row}, err
	}
	f.claim = claim
	return r.read(ctx, f)
}

// judge turns a failed read into the row's reject, or into the job's error.
func (r *run) judge(ctx context.Context, f *future, tried time.Time, err error) (*pipeline.Reject, error) {
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case storage.IsWeb(f.row.URI):
		return r.judgeWeb(ctx, f, tried, err)
	}
	return r.judgeStore(ctx, f, tried, err)
}

// answered notes that the store of uri gave a body.
func (r *run) answered(uri string) {
	if storage.IsWeb(uri) {
		r.stage.web.answer(storage.WebHost(uri))
		return
	}
	r.stage.breaker.answered(uri)
}

// readBody reads within the row's claim, or through the lane of large bodies.
func (r *run) readBody(ctx context.Context, f *future, o *pipeline.Object) error {
	if storage.IsWeb(f.row.URI) {
		watch := time.AfterFunc(slow, func() { r.leave(f) })
		defer watch.Stop()
	}
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
	if f.state.Load() == inWindow {
		if err := r.deferred.Acquire(ctx, 1); err != nil {
			return context.Cause(ctx)
		}
		if !r.part(f) {
			r.deferred.Release(1)
		}
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
