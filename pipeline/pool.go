package pipeline

import "context"

// Pool hands out a fixed number of equally long slices. It bounds memory: Get
// waits when all are in use.
type Pool[T any] struct {
	free chan []T
	len  int
}

// NewPool returns a pool of count slices of length n. Each is allocated when
// first needed.
func NewPool[T any](count, n int) *Pool[T] {
	p := &Pool[T]{free: make(chan []T, count), len: n}
	for range count {
		p.free <- nil
	}
	return p
}

// Get returns a slice with undefined content, or the context's cause.
func (p *Pool[T]) Get(ctx context.Context) ([]T, error) {
	s, _, err := Recv(ctx, p.free)
	if err == nil && s == nil {
		s = make([]T, p.len)
	}
	return s, err
}

// Put gives a slice back that came from Get.
func (p *Pool[T]) Put(s []T) {
	if cap(s) < p.len {
		panic("pipeline: Pool.Put of a slice that is not the pool's")
	}
	p.free <- s[:p.len]
}
