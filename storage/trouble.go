package storage

import (
	"context"
	"time"
)

// Trouble is an operation that met what may pass and is to be tried again.
type Trouble struct {
	URI   string // redacted; of uploads, the address of the request
	Tried int    // tries made; 0 for a request of an upload, which the vendor's client repeats
	Delay time.Duration
	Err   error
}

type troubleKey struct{}

// OnTrouble returns a context under which operations of this package tell hook of
// trouble before they wait, so that somebody knows why nothing moves. The hook is
// called from many goroutines and must not block.
func OnTrouble(ctx context.Context, hook func(Trouble)) context.Context {
	return context.WithValue(ctx, troubleKey{}, hook)
}

// tell tells of trouble whoever asked under ctx.
func tell(ctx context.Context, trouble Trouble) {
	if hook, ok := ctx.Value(troubleKey{}).(func(Trouble)); ok && ctx.Err() == nil {
		hook(trouble)
	}
}
