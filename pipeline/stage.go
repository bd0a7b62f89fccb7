package pipeline

import "context"

// Source produces a stream. Run returns nil when the stream is complete.
type Source[Out any] interface {
	Run(ctx context.Context, out chan<- Out) error
}

// Stage turns one stream into another. Run returns nil when its input has
// ended and everything that follows from it has been sent.
type Stage[In, Out any] interface {
	Run(ctx context.Context, in <-chan In, out chan<- Out) error
}

// Sink consumes a stream. Run returns nil when its input has ended and
// everything that follows from it is durable.
type Sink[In any] interface {
	Run(ctx context.Context, in <-chan In) error
}

// Recv receives the next value. ok is false when the stream is complete; err
// is the context's cause when the context ended first.
func Recv[T any](ctx context.Context, in <-chan T) (v T, ok bool, err error) {
	if ctx.Err() != nil {
		return v, false, context.Cause(ctx)
	}
	select {
	case v, ok = <-in:
		return v, ok, nil
	case <-ctx.Done():
		return v, false, context.Cause(ctx)
	}
}

// Send hands v over. It returns the context's cause when the context ended
// first; v then still belongs to the caller.
func Send[T any](ctx context.Context, out chan<- T, v T) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err := beforeSend(ctx); err != nil {
		return err
	}
	select {
	case out <- v:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
