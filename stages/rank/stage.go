// Package rank scores embedding matrices against the vocabulary and keeps each
// image's best seen and unseen tags.
package rank

import (
	"context"
	"time"

	"github.com/sdl-batch/sdl-batch/pipeline"
)

// Scorer ranks n matrices, embeddings [n,K,D]. Equal scores rank by tag id. One
// goroutine uses it at a time. The result is the caller's.
type Scorer interface {
	Rank(ctx context.Context, embeddings []float32, n int) (seen, unseen pipeline.RankedTags, err error)
}

// Stage ranks batches.
type Stage struct {
	Scorer    Scorer
	Rows, Dim int // K, D
	Meter     *pipeline.Meter
}

// Run implements pipeline.Stage.
func (s *Stage) Run(ctx context.Context, in <-chan *pipeline.Batch, out chan<- *pipeline.Batch) error {
	for {
		b, ok, err := pipeline.Recv(ctx, in)
		if err != nil || !ok {
			return err
		}
		if err := s.rank(ctx, b); err != nil {
			return err
		}
		if err := pipeline.Send(ctx, out, b); err != nil {
			return err
		}
	}
}

func (s *Stage) rank(ctx context.Context, b *pipeline.Batch) (err error) {
	n := b.Len()
	if n == 0 {
		return nil
	}
	start := time.Now()
	b.Seen, b.Unseen, err = s.Scorer.Rank(ctx, b.Embeddings, n)
	if err != nil {
		return err
	}
	b.Spread = make([]float32, n)
	for i := range b.Spread {
		b.Spread[i] = Spread(b.Embeddings[i*s.Rows*s.Dim:][:s.Rows*s.Dim], s.Rows, s.Dim)
	}
	s.Meter.Add(n, 0, start)
	return nil
}

// Spread is the semantic diversity of one image: Σ_d Var_k(A[k][d]) of its
// matrix [K,D], with the unbiased variance; 0 when K is 1.
func Spread(matrix []float32, rows, dim int) float32 {
	if rows < 2 {
		return 0
	}
	var total float64
	for d := range dim {
		var mean, squares float64
		for k := range rows {
			mean += float64(matrix[k*dim+d])
		}
		mean /= float64(rows)
		for k := range rows {
			diff := float64(matrix[k*dim+d]) - mean
			squares += diff * diff
		}
		total += squares / float64(rows-1)
	}
	return float32(total)
}
