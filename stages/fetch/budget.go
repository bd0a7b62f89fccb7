package fetch

import (
	"context"
	"math/bits"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/semaphore"

	"github.com/sdl-batch/sdl-batch/pipeline"
)

// budget bounds the bytes of all bodies in memory.
//
// The size of an object is unknown before it is asked for, so every row claims
// the same share, in the order of the rows: the row that all later ones wait
// for always has its claim. An object that is larger than its claim goes
// through a lane of its own, one at a time, out of order; and later claims grow
// to its size.
type budget struct {
	free    *semaphore.Weighted
	claim   atomic.Int64 // what the next row claims
	largest int64
	lane    chan struct{} // held by the one body that is larger than its claim
	buffers sync.Pool     // *[]byte
}

const firstClaim = 4 << 20

func newBudget(total, largest int64) *budget {
	b := &budget{free: semaphore.NewWeighted(total), largest: largest, lane: make(chan struct{}, 1)}
	b.claim.Store(min(firstClaim, largest))
	return b
}

// acquire claims memory for a row and returns how much.
func (b *budget) acquire(ctx context.Context) (int64, error) {
	claim := b.claim.Load()
	if err := b.free.Acquire(ctx, claim); err != nil {
		return 0, context.Cause(ctx)
	}
	return claim, nil
}

// grow makes later claims large enough for objects of this size.
func (b *budget) grow(size int64) {
	want := min(b.largest, int64(1)<<bits.Len64(uint64(max(size, 1)-1)))
	for old := b.claim.Load(); old < want && !b.claim.CompareAndSwap(old, want); old = b.claim.Load() {
	}
}

// keep reduces a claim to what the body holds and returns a function that gives
// that back.
func (b *budget) keep(claim int64, body []byte) func() {
	held := min(int64(cap(body)), claim)
	b.free.Release(claim - held)
	return func() {
		b.recycle(body)
		b.free.Release(held)
	}
}

// enter waits for the lane of large bodies and returns a function that frees it.
func (b *budget) enter(ctx context.Context) (leave func(), err error) {
	if err := pipeline.Send(ctx, b.lane, struct{}{}); err != nil {
		return nil, err
	}
	return func() { <-b.lane }, nil
}

func (b *budget) buffer() []byte {
	if buf, ok := b.buffers.Get().(*[]byte); ok {
		return *buf
	}
	return nil
}

func (b *budget) recycle(buf []byte) {
	if int64(cap(buf)) <= firstClaim {
		buf = buf[:0]
		b.buffers.Put(&buf)
	}
}
