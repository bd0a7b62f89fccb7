package storage

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// Policy bounds how an operation that met [ErrTransient] is repeated. Zero
// values mean the default. A wait that the store asks for (Retry-After) comes
// on top of the delays, up to AttemptTimeout.
type Policy struct {
	// Attempts is the number of tries in all; default 5.
	Attempts int
	// BaseDelay is the longest wait after the first try; it doubles with each
	// further one. Every wait is random between half of it and all; default
	// 200 ms.
	BaseDelay time.Duration
	// MaxDelay bounds the doubling; default 10 s.
	MaxDelay time.Duration
	// AttemptTimeout is how long one try may take, with the body where the
	// whole object is read; a stream may rest no longer than this. Default 60 s.
	AttemptTimeout time.Duration
}

// Validate reports every value that is out of range.
func (p Policy) Validate() error {
	var errs []error
	if p.Attempts < 0 {
		errs = append(errs, invalid("retry attempts are negative"))
	}
	if p.BaseDelay < 0 || p.MaxDelay < 0 {
		errs = append(errs, invalid("a retry delay is negative"))
	}
	if p.AttemptTimeout < 0 {
		errs = append(errs, invalid("the attempt timeout is negative"))
	}
	return errors.Join(errs...)
}

func (p Policy) withDefaults() Policy {
	if p.Attempts == 0 {
		p.Attempts = 5
	}
	if p.BaseDelay == 0 {
		p.BaseDelay = 200 * time.Millisecond
	}
	if p.MaxDelay == 0 {
		p.MaxDelay = 10 * time.Second
	}
	if p.AttemptTimeout == 0 {
		p.AttemptTimeout = time.Minute
	}
	return p
}

// delay is the wait after the given try, counted from 1.
func (p Policy) delay(tried int) time.Duration {
	d := p.MaxDelay
	if shift := tried - 1; shift < 32 && p.BaseDelay < p.MaxDelay>>shift {
		d = p.BaseDelay << shift
	}
	return d/2 + rand.N(d/2+1)
}

// retrier repeats the operations of one bucket.
type retrier struct {
	policy Policy
	notify func(uri string, attempt int, delay time.Duration) // may be nil
}

// run calls try, each time under the policy's deadline, until it succeeds,
// fails for good, or the policy is used up. It returns the number of tries.
func (r retrier) run(ctx context.Context, uri string, try func(context.Context) error) (int, error) {
	return r.repeat(ctx, uri, func() error { return r.once(ctx, try) })
}

// repeat is run without a deadline on each try.
func (r retrier) repeat(ctx context.Context, uri string, try func() error) (int, error) {
	for tried := 1; ; tried++ {
		err := try()
		if err == nil || !errors.Is(err, ErrTransient) || errors.Is(err, ErrUnsynced) || tried >= r.policy.Attempts {
			return tried, err
		}
		if err := r.wait(ctx, uri, tried, err); err != nil {
			return tried, err
		}
	}
}

// once makes one try under the policy's deadline.
func (r retrier) once(ctx context.Context, try func(context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, r.policy.AttemptTimeout)
	defer cancel()
	return r.settle(ctx, try(limited))
}

// settle tells the caller's own end, which comes first, from a deadline that
// we set.
func (r retrier) settle(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ended := ctx.Err(); ended != nil {
		return ended
	}
	if contextError(err) != nil {
		return fmt.Errorf("%w: no answer within %v", ErrTransient, r.policy.AttemptTimeout)
	}
	return err
}

// wait sleeps before the next try, at least as long as the store asked for
// with err, and tells who asked to know.
func (r retrier) wait(ctx context.Context, uri string, tried int, err error) error {
	delay := r.policy.delay(tried) + min(asked(err), r.policy.AttemptTimeout)
	if r.notify != nil {
		r.notify(uri, tried, delay)
	}
	tell(ctx, Trouble{URI: uri, Tried: tried, Delay: delay, Err: err})
	if hook, ok := ctx.Value(backoffKey{}).(func(int, time.Duration)); ok {
		hook(tried, delay)
	}
	if step(ctx, "wait", uri, func() error { return nil }) != nil {
		return ctx.Err()
	}
	return sleep(ctx, delay)
}

// sleep waits, unless ctx ends.
func sleep(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

type backoffKey struct{}

// OnBackoff returns a context under which operations of this package call hook
// before they wait to try again: with the number of tries made and the wait
// that follows. The hook runs in the goroutine of the operation.
func OnBackoff(ctx context.Context, hook func(attempt int, delay time.Duration)) context.Context {
	return context.WithValue(ctx, backoffKey{}, hook)
}
