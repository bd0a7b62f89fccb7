package decode

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sdl-batch/sdl-batch/stages/decode/decodetest"
)

// large needs a little more than freeBytes.
func large() decodetest.Image {
	const width, height = 4000, 2200
	return decodetest.Image{Width: width, Height: height, Body: decodetest.PNG(width, height, 8, 6, false)}
}

func sharing(t *testing.T, b *budget, limit time.Duration) *Decoder {
	t.Helper()
	d, err := New(Spec{Size: 8, Filter: "box"}, Limits{Timeout: limit})
	if err != nil {
		t.Fatal(err)
	}
	d.budget = b
	return d
}

// TestLargeImagesWaitForOneAnother: of images that fill the budget one is decoded
// at a time, by however many workers.
func TestLargeImagesWaitForOneAnother(t *testing.T) {
	image := large()
	shared := newBudget(40 << 20)
	var inside, decoded atomic.Int32
	var workers sync.WaitGroup
	for range 4 {
		d := sharing(t, shared, time.Hour)
		row := d.row
		d.row = func(y int, rgb []byte) {
			switch {
			case y == 0 && inside.Add(1) > 1:
				t.Error("two at once")
			case y == image.Height-1:
				inside.Add(-1)
			}
			row(y, rgb)
		}
		workers.Go(func() {
			for range 2 {
				if _, err := d.Decode(t.Context(), image.Body, make([]byte, 3*8*8)); err != nil {
					t.Error(err)
				}
				decoded.Add(1)
			}
		})
	}
	workers.Wait()
	if decoded.Load() != 8 || !shared.free.TryAcquire(shared.total) {
		t.Errorf("%d decoded, or a reservation stayed", decoded.Load())
	}
}

// TestWaitingIsNoTimeout: an image that waits an hour for room is not late, and
// one that needs little does not wait.
func TestWaitingIsNoTimeout(t *testing.T) {
	image, little := large(), decodetest.PNG(8, 8, 8, 2, false)
	synctest.Test(t, func(t *testing.T) {
		shared := newBudget(40 << 20)
		taken, err := shared.claim(t.Context(), shared.total)
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error)
		d := sharing(t, shared, time.Second)
		go func() {
			_, err := d.Decode(t.Context(), image.Body, make([]byte, 3*8*8))
			done <- err
		}()
		time.Sleep(time.Hour)
		if _, err := sharing(t, shared, time.Second).Decode(t.Context(), little, make([]byte, 3*8*8)); err != nil {
			t.Errorf("a little image: %v", err)
		}
		select {
		case err := <-done:
			t.Fatalf("decoded without room: %v", err)
		default:
		}
		shared.release(taken)
		if err := <-done; err != nil || d.guard.spent > 0 {
			t.Errorf("after the wait: %v, %v spent", err, d.guard.spent)
		}
	})
}

// TestCancelledWhileWaiting: the end of the job ends a wait.
func TestCancelledWhileWaiting(t *testing.T) {
	image := large()
	synctest.Test(t, func(t *testing.T) {
		stop := errors.New("stop")
		ctx, cancel := context.WithCancelCause(t.Context())
		shared := newBudget(40 << 20)
		if _, err := shared.claim(ctx, shared.total); err != nil {
			t.Fatal(err)
		}
		done := make(chan error)
		go func() {
			_, err := sharing(t, shared, time.Second).Decode(ctx, image.Body, make([]byte, 3*8*8))
			done <- err
		}()
		synctest.Wait()
		cancel(stop)
		if err := <-done; !errors.Is(err, stop) {
			t.Errorf("%v, want the context's cause", err)
		}
	})
}
