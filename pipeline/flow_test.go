package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sdl-batch/sdl-batch/pipeline"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// numbers sends 0..n-1.
type numbers int

func (n numbers) Run(ctx context.Context, out chan<- int) error {
	for i := range int(n) {
		if err := pipeline.Send(ctx, out, i); err != nil {
			return err
		}
	}
	return nil
}

// stage applies a function.
type stage func(int) (int, error)

func (s stage) Run(ctx context.Context, in <-chan int, out chan<- int) error {
	for {
		v, ok, err := pipeline.Recv(ctx, in)
		if err != nil || !ok {
			return err
		}
		w, err := s(v)
		if err != nil {
			return err
		}
		if err := pipeline.Send(ctx, out, w); err != nil {
			return err
		}
	}
}

// collect keeps what it gets and whether its input was complete.
type collect struct {
	got      []int
	complete bool
}

func (c *collect) Run(ctx context.Context, in <-chan int) error {
	for {
		v, ok, err := pipeline.Recv(ctx, in)
		if err != nil {
			return err
		}
		if !ok {
			c.complete = true
			return nil
		}
		c.got = append(c.got, v)
	}
}

func connect(f *pipeline.Flow, n int, s stage, into *collect) {
	rows := pipeline.From(f, "numbers", 1, numbers(n))
	pipeline.Into(f, "collect", pipeline.Through(f, "double", 1, rows, s), into)
}

func double(v int) (int, error) { return 2 * v, nil }

func TestFlowDeliversEverythingInOrder(t *testing.T) {
	f := pipeline.NewFlow(t.Context())
	var sink collect
	connect(f, 1000, double, &sink)
	if err := f.Wait(); err != nil {
		t.Fatal(err)
	}
	if !sink.complete || len(sink.got) != 1000 {
		t.Fatalf("complete %v, %d values", sink.complete, len(sink.got))
	}
	for i, v := range sink.got {
		if v != 2*i {
			t.Fatalf("value %d is %d", i, v)
		}
	}
}

func TestFlowFailsAsAWhole(t *testing.T) {
	broken := errors.New("broken")
	f := pipeline.NewFlow(t.Context())
	var sink collect
	connect(f, 1000, func(v int) (int, error) {
		if v == 10 {
			return 0, broken
		}
		return v, nil
	}, &sink)
	err := f.Wait()
	if !errors.Is(err, broken) || !strings.HasPrefix(err.Error(), "double: ") {
		t.Fatalf("error %v", err)
	}
	if sink.complete {
		t.Error("a sink saw the end of a stream that was cut short")
	}
}

func TestFlowTurnsPanicIntoError(t *testing.T) {
	f := pipeline.NewFlow(t.Context())
	var sink collect
	connect(f, 3, func(v int) (int, error) { panic(fmt.Sprint("at ", v)) }, &sink)
	if err := f.Wait(); err == nil || !strings.Contains(err.Error(), "double: panic: at 0") {
		t.Fatalf("error %v", err)
	}
}

func TestFlowEndsWithItsContextsCause(t *testing.T) {
	stop := errors.New("stop")
	ctx, cancel := context.WithCancelCause(t.Context())
	f := pipeline.NewFlow(ctx)
	var sink collect
	connect(f, 1<<40, func(v int) (int, error) {
		if v == 5 {
			cancel(stop)
		}
		return v, nil
	}, &sink)
	if err := f.Wait(); !errors.Is(err, stop) {
		t.Fatalf("error %v", err)
	}
	if sink.complete {
		t.Error("a sink saw the end of a stream that was cut short")
	}
}

func TestRecvPrefersTheContextsEnd(t *testing.T) {
	stop := errors.New("stop")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(stop)
	in := make(chan int, 1)
	in <- 1
	if _, ok, err := pipeline.Recv(ctx, in); ok || !errors.Is(err, stop) {
		t.Errorf("ok %v, error %v", ok, err)
	}
	if err := pipeline.Send(ctx, make(chan int, 1), 1); !errors.Is(err, stop) {
		t.Errorf("send: error %v", err)
	}
}

func TestPoolBoundsSlices(t *testing.T) {
	p := pipeline.NewPool[byte](2, 3)
	a, _ := p.Get(t.Context())
	if _, err := p.Get(t.Context()); err != nil {
		t.Fatal(err)
	}
	short, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := p.Get(short); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("a third slice of two: error %v", err)
	}
	p.Put(a[:1])
	if again, err := p.Get(t.Context()); err != nil || len(again) != 3 {
		t.Fatalf("%d bytes, error %v", len(again), err)
	}
}

// TestBottleneck runs a slow last stage, then a slow source.
func TestBottleneck(t *testing.T) {
	nap := func(v int) (int, error) { time.Sleep(time.Millisecond); return v, nil }
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	f := pipeline.NewFlow(ctx)
	rows := pipeline.From(f, "numbers", 8, numbers(1<<40))
	fast := pipeline.Through(f, "fast", 8, rows, stage(double))
	slow := pipeline.Through(f, "slow", 8, fast, stage(nap))
	pipeline.Into(f, "collect", slow, &collect{})
	b := pipeline.Watch(ctx, f, "numbers", time.Millisecond)
	for deadline := time.Now().Add(10 * time.Second); b.Name() != "slow"; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("bottleneck %q, want slow", b.Name())
		}
	}
	cancel()
	_ = f.Wait()
}
