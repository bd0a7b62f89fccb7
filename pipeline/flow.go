package pipeline

import (
	"context"
	"fmt"
	"runtime/debug"

	"golang.org/x/sync/errgroup"
)

// Flow runs connected stages and ends them together: the first error cancels
// all the others and is what Wait returns. Connect stages with From, Through
// and Into before calling Wait.
type Flow struct {
	ctx   context.Context
	group *errgroup.Group
	links []link
}

type link struct {
	into string // name of the stage that reads it
	load func() (length, capacity int)
}

// NewFlow starts a flow that ends when ctx does.
func NewFlow(ctx context.Context) *Flow {
	group, ctx := errgroup.WithContext(ctx)
	return &Flow{ctx: ctx, group: group}
}

// Go runs f beside the stages; the flow waits for it and shares its error.
func (f *Flow) Go(name string, run func(ctx context.Context) error) {
	f.group.Go(func() (err error) {
		defer func() {
			if p := recover(); p != nil {
				err = fmt.Errorf("%s: panic: %v\n%s", name, p, debug.Stack())
			}
		}()
		if err := stepping(f.ctx, name, run); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return nil
	})
}

// Wait blocks until every stage has ended and returns the first error.
func (f *Flow) Wait() error { return f.group.Wait() }

// From connects a source. depth is the capacity of its output channel.
func From[Out any](f *Flow, name string, depth int, s Source[Out]) <-chan Out {
	out := make(chan Out, depth)
	f.Go(name, func(ctx context.Context) error {
		if err := s.Run(ctx, out); err != nil {
			return err
		}
		close(out)
		return nil
	})
	return out
}

// Through connects a stage. depth is the capacity of its output channel.
func Through[In, Out any](f *Flow, name string, depth int, in <-chan In, s Stage[In, Out]) <-chan Out {
	watch(f, name, in)
	out := make(chan Out, depth)
	f.Go(name, func(ctx context.Context) error {
		if err := s.Run(ctx, in, out); err != nil {
			return err
		}
		close(out)
		return nil
	})
	return out
}

// Into connects a sink.
func Into[In any](f *Flow, name string, in <-chan In, s Sink[In]) {
	watch(f, name, in)
	f.Go(name, func(ctx context.Context) error { return s.Run(ctx, in) })
}

func watch[T any](f *Flow, name string, in <-chan T) {
	f.links = append(f.links, link{into: name, load: func() (int, int) { return len(in), cap(in) }})
}
