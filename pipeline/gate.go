package pipeline

import "context"

// Gate limits how many shards are open at once: the source enters with each
// shard that it begins, the sink leaves with each that it has made durable.
type Gate chan struct{}

// NewGate returns a gate that lets n shards be open.
func NewGate(n int) Gate { return make(Gate, n) }

// Enter waits for a place, or for the context's end.
func (g Gate) Enter(ctx context.Context) error { return Send(ctx, g, struct{}{}) }

// Leave gives a place back. It never blocks after a matching Enter.
func (g Gate) Leave() { <-g }
