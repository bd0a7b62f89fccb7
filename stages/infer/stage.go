// Package infer computes the embedding matrices of batches.
package infer

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/sdl-batch/sdl-batch/pipeline"
)

// CodeNotFinite rejects an image whose embedding holds NaN, infinity or values
// too large to score.
const CodeNotFinite = "not_finite"

// Embedder computes the matrices out [n,K,D] of n images, pixels [n,S,S,3]. One
// goroutine uses it at a time.
type Embedder interface {
	Embed(ctx context.Context, pixels []uint8, n int, out []float32) error
}

// Stage runs one worker for each Embedder. With several, batches may overtake
// one another.
type Stage struct {
	Embedders  []Embedder
	MatrixLen  int                     // K·D
	Embeddings *pipeline.Pool[float32] // of a whole batch
	Meter      *pipeline.Meter
}

// Run implements pipeline.Stage.
func (s *Stage) Run(ctx context.Context, in <-chan *pipeline.Batch, out chan<- *pipeline.Batch) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, e := range s.Embedders {
		group.Go(func() error { return s.work(ctx, e, in, out) })
	}
	return group.Wait()
}

func (s *Stage) work(ctx context.Context, e Embedder, in <-chan *pipeline.Batch, out chan<- *pipeline.Batch) error {
	for {
		b, ok, err := pipeline.Recv(ctx, in)
		if err != nil || !ok {
			return err
		}
		if err := s.embed(ctx, e, b); err != nil {
			return err
		}
		if err := pipeline.Send(ctx, out, b); err != nil {
			return err
		}
	}
}

func (s *Stage) embed(ctx context.Context, e Embedder, b *pipeline.Batch) error {
	pixels, n := b.Pixels, b.Len()
	if n == 0 {
		b.Release()
		return nil
	}
	matrices, err := s.Embeddings.Get(ctx)
	if err != nil {
		return err
	}
	start := time.Now()
	if err := e.Embed(ctx, pixels, n, matrices[:n*s.MatrixLen]); err != nil {
		return err
	}
	s.Meter.Add(n, int64(len(pixels)), start)
	b.Release() // the pixels
	b.Embeddings = matrices[:n*s.MatrixLen]
	b.OnRelease(func() { s.Embeddings.Put(matrices) })
	s.dropNotFinite(b)
	return nil
}

// dropNotFinite turns images without a usable embedding into rejects.
func (s *Stage) dropNotFinite(b *pipeline.Batch) {
	n := 0
	for i, o := range b.Images {
		matrix := b.Embeddings[i*s.MatrixLen:][:s.MatrixLen]
		if !usable(matrix) {
			o.Reject = &pipeline.Reject{Stage: "infer", Code: CodeNotFinite, Message: "the model's embedding holds NaN, infinity or values too large to score"}
			b.Rejected = append(b.Rejected, o)
			continue
		}
		if n != i {
			copy(b.Embeddings[n*s.MatrixLen:], matrix)
			b.Images[n] = o
		}
		n++
	}
	b.Images, b.Embeddings = b.Images[:n], b.Embeddings[:n*s.MatrixLen]
}

// maxSquares bounds Σ v² of a matrix that can be scored: beyond it, products
// with tag vectors could overflow. Networks give values around 1.
const maxSquares = 1e30

// usable tells whether all values are finite and none is absurdly large.
func usable(values []float32) bool {
	var squares float32
	for _, v := range values {
		squares += v * v
	}
	return squares < maxSquares // false for NaN
}
