package label

import (
	"context"

	"github.com/sdl-batch/sdl-batch/model/ort"
	"github.com/sdl-batch/sdl-batch/pipeline"
)

// ranker is the runtime's scorer as the rank stage wants it.
type ranker struct{ scorer *ort.Scorer }

// Rank implements rank.Scorer.
func (r ranker) Rank(ctx context.Context, embeddings []float32, n int) (seen, unseen pipeline.RankedTags, err error) {
	a, b, err := r.scorer.Rank(ctx, embeddings, n)
	return pipeline.RankedTags(a), pipeline.RankedTags(b), err
}
