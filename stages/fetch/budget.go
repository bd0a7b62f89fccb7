package fetch

import (
	"context"
	"errors"
	"sync"

	"golang.org/x/sync/semaphore"

	"github.com/sdl-batch/sdl-batch/storage"
)

// budget bounds the bytes of all bodies in memory. The size of an object is
// unknown before it is asked for, so a read first claims a small share; the few
// objects that turn out larger are asked for again with the largest claim.
type budget struct {
	free    *semaphore.Weighted
	claim   int64
	largest int64
	buffers sync.Pool // *[]byte of capacity claim
}

const firstClaim = 4 << 20

func newBudget(total, largest int64) *budget {
	return &budget{free: semaphore.NewWeighted(total), claim: min(firstClaim, largest), largest: largest}
}

// read returns the object and a function that gives its memory back.
func (b *budget) read(ctx context.Context, from Reader, uri string) ([]byte, storage.Attrs, func(), error) {
	body, attrs, free, err := b.readWithin(ctx, from, uri, b.claim)
	if errors.Is(err, storage.ErrTooLarge) && b.claim < b.largest {
		first := attrs.Attempts
		body, attrs, free, err = b.readWithin(ctx, from, uri, b.largest)
		attrs.Attempts += first - 1
	}
	return body, attrs, free, err
}

func (b *budget) readWithin(ctx context.Context, from Reader, uri string, claim int64) ([]byte, storage.Attrs, func(), error) {
	if err := b.free.Acquire(ctx, claim); err != nil {
		return nil, storage.Attrs{}, nil, context.Cause(ctx)
	}
	buf := b.buffer()
	body, attrs, err := from.Read(ctx, uri, (*buf)[:0], claim)
	if err != nil {
		b.buffers.Put(buf)
		b.free.Release(claim)
		return nil, attrs, nil, err
	}
	// What a body holds on to is its capacity, which may be larger than it.
	held := min(int64(cap(body)), claim)
	b.free.Release(claim - held)
	return body, attrs, func() {
		if int64(cap(body)) <= b.claim {
			kept := body[:0]
			b.buffers.Put(&kept)
		}
		b.free.Release(held)
	}, nil
}

func (b *budget) buffer() *[]byte {
	if buf, ok := b.buffers.Get().(*[]byte); ok {
		return buf
	}
	return new([]byte)
}
