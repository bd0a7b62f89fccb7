package rank_test

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/sdl-batch/sdl-batch/pipeline"
	"github.com/sdl-batch/sdl-batch/stages/rank"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const rows, dim = 2, 3

// scorer ranks the tag that an image's first value names, once in each group.
type scorer struct {
	calls int
	err   error
	each  func(ctx context.Context)
}

func (s *scorer) Rank(ctx context.Context, embeddings []float32, n int) (seen, unseen pipeline.RankedTags, err error) {
	s.calls++
	if s.each != nil {
		s.each(ctx)
	}
	if s.err != nil || ctx.Err() != nil {
		return seen, unseen, errors.Join(s.err, context.Cause(ctx))
	}
	seen.Count, unseen.Count = 1, 2
	for i := range n {
		v := embeddings[i*rows*dim]
		seen.TagIDs, seen.Scores = append(seen.TagIDs, int32(v)), append(seen.Scores, v)
		unseen.TagIDs, unseen.Scores = append(unseen.TagIDs, int32(v), 0), append(unseen.Scores, v, v/2)
	}
	return seen, unseen, nil
}

// source sends batches of these sizes and ends with err.
type source struct {
	sizes []int
	err   error
}

func (s source) Run(ctx context.Context, out chan<- *pipeline.Batch) error {
	for seq, n := range s.sizes {
		b := &pipeline.Batch{Seq: int64(seq), Rejected: make([]pipeline.Outcome, 1)}
		for i := range n {
			b.Images = append(b.Images, pipeline.Outcome{Row: pipeline.Row{Number: int64(10*seq + i)}})
			for j := range rows * dim {
				b.Embeddings = append(b.Embeddings, float32(10*seq+i)+float32(j*j))
			}
		}
		if err := pipeline.Send(ctx, out, b); err != nil {
			return err
		}
	}
	return s.err
}

type sink struct {
	got      []*pipeline.Batch
	complete bool
}

func (s *sink) Run(ctx context.Context, in <-chan *pipeline.Batch) error {
	for {
		b, ok, err := pipeline.Recv(ctx, in)
		if err != nil {
			return err
		}
		if !ok {
			s.complete = true
			return nil
		}
		s.got = append(s.got, b)
	}
}

func flow(ctx context.Context, from source, by rank.Scorer, into *sink) error {
	f := pipeline.NewFlow(ctx)
	stage := &rank.Stage{Scorer: by, Rows: rows, Dim: dim}
	pipeline.Into(f, "sink", pipeline.Through(f, "rank", 1, pipeline.From(f, "source", 1, from), stage), into)
	return f.Wait()
}

func TestBatchesAreRanked(t *testing.T) {
	by, out := &scorer{}, &sink{}
	if err := flow(t.Context(), source{sizes: []int{3, 0, 1}}, by, out); err != nil || !out.complete {
		t.Fatalf("complete %v, error %v", out.complete, err)
	}
	if by.calls != 2 || len(out.got) != 3 || len(out.got[1].Rejected) != 1 {
		t.Fatalf("%d calls for %d batches", by.calls, len(out.got))
	}
	for _, b := range out.got {
		if len(b.Spread) != b.Len() || len(b.Seen.TagIDs) != b.Len() || len(b.Unseen.Scores) != 2*b.Len() {
			t.Fatalf("batch %d of %d images: %d spreads, %d seen, %d unseen", b.Seq, b.Len(), len(b.Spread), len(b.Seen.TagIDs), len(b.Unseen.Scores))
		}
		for i, o := range b.Images {
			if b.Seen.TagIDs[i] != int32(o.Number) || b.Unseen.TagIDs[2*i] != int32(o.Number) {
				t.Errorf("image %d has the tags of %d and %d", o.Number, b.Seen.TagIDs[i], b.Unseen.TagIDs[2*i])
			}
			// Columns are 0,9 and 1,16 and 4,25: unbiased variances 81/2, 225/2, 441/2.
			if got := b.Spread[i]; math.Abs(float64(got)-373.5) > 1e-3 {
				t.Errorf("image %d has spread %v", o.Number, got)
			}
		}
	}
}

func TestAFailingScorerEndsTheFlow(t *testing.T) {
	broken := errors.New("broken")
	out := &sink{}
	if err := flow(t.Context(), source{sizes: []int{1, 1}}, &scorer{err: broken}, out); !errors.Is(err, broken) || out.complete || len(out.got) > 0 {
		t.Errorf("error %v after %d batches", err, len(out.got))
	}
}

func TestCancellationReachesTheScorer(t *testing.T) {
	stop := errors.New("stop")
	ctx, cancel := context.WithCancelCause(t.Context())
	by := &scorer{each: func(ctx context.Context) { cancel(stop); <-ctx.Done() }}
	out := &sink{}
	if err := flow(ctx, source{sizes: []int{1, 1}}, by, out); !errors.Is(err, stop) || out.complete || by.calls != 1 {
		t.Errorf("error %v after %d calls", err, by.calls)
	}
}

func TestUpstreamFailureIsNotAnEnd(t *testing.T) {
	broken := errors.New("broken")
	out := &sink{}
	if err := flow(t.Context(), source{sizes: []int{1}, err: broken}, &scorer{}, out); !errors.Is(err, broken) || out.complete {
		t.Errorf("error %v, complete %v", err, out.complete)
	}
}

// TestSpread compares with half the mean squared distance between all ordered
// pairs of rows, another form of the unbiased variance.
func TestSpread(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k, d := rapid.IntRange(2, 7).Draw(t, "rows"), rapid.IntRange(1, 9).Draw(t, "dim")
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		offset := rapid.Float32Range(-1000, 1000).Draw(t, "offset")
		matrix := make([]float32, k*d)
		for i := range matrix {
			matrix[i] = offset + float32(rng.NormFloat64())
		}
		var pairs float64
		for a := range k {
			for b := range k {
				for j := range d {
					pairs += math.Pow(float64(matrix[a*d+j])-float64(matrix[b*d+j]), 2)
				}
			}
		}
		want := pairs / float64(2*k*(k-1))
		if got := float64(rank.Spread(matrix, k, d)); math.Abs(got-want) > 1e-5*want {
			t.Fatalf("spread %v, want %v", got, want)
		}
	})
}

func TestSpreadOfOneRowIsZero(t *testing.T) {
	if got := rank.Spread([]float32{1, 2, 3}, 1, 3); got != 0 {
		t.Errorf("spread %v", got)
	}
}
