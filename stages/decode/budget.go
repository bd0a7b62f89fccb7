package decode

import (
	"context"

	"golang.org/x/sync/semaphore"
)

// freeBytes is what an image may take without asking: claims are for the few
// that need more, so that usual images never wait for one another.
const freeBytes = 32 << 20

// budget bounds what the images that need more than freeBytes take together,
// however many workers there are. An image claims once, before memory is taken
// for it, and in the order of asking. A nil budget lets everything pass.
type budget struct {
	total int64
	free  *semaphore.Weighted
}

func newBudget(total int64) *budget {
	return &budget{total: total, free: semaphore.NewWeighted(total)}
}

// claim waits for room for need bytes and returns how many to release. Its error
// is the context's cause.
func (b *budget) claim(ctx context.Context, need int64) (claimed int64, err error) {
	if b == nil || need <= freeBytes {
		return 0, nil
	}
	claimed = min(need, b.total)
	if err := b.free.Acquire(ctx, claimed); err != nil {
		return 0, context.Cause(ctx)
	}
	return claimed, nil
}

func (b *budget) release(claimed int64) {
	if claimed > 0 {
		b.free.Release(claimed)
	}
}
