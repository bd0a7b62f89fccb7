package ort

import (
	"context"
	"errors"
	"fmt"
	"math"
)

// Reduction says how the scores of a matrix's rows become one.
type Reduction int

// The reductions.
const (
	Max     Reduction = iota // the best row's
	Mean                     // the mean over all rows
	TopMean                  // the mean over the best TopRows rows
)

// ScorerConfig describes how embedding matrices are scored against a
// vocabulary: score = LogitScale · reduce over rows k of A[k]·v.
type ScorerConfig struct {
	Rows, Dim int       // K and D
	Vectors   []float32 // [C,D], the vocabulary's; not kept
	Seen      []bool    // [C]
	TopK      int       // tags ranked in each group; 0: no ranking, Scores only

	Reduction     Reduction
	TopRows       int     // of TopMean, 1 to K
	NormalizeRows bool    // rows scaled to unit length before the product
	NormalizeTags bool    // vectors, too
	LogitScale    float64 // above 0; 0: 1
}

// Ranked holds the best tags of a group for every image, best first.
type Ranked struct {
	Count  int       // tags for each image: min(TopK, tags in the group)
	TagIDs []int32   // [n,Count] index into the vocabulary
	Scores []float32 // [n,Count]
}

// ErrNotFinite is reported for an embedding that holds NaN or infinity, or is
// so large that its scores would.
var ErrNotFinite = errors.New("embedding not finite")

// Scorer scores embedding matrices in the runtime. For one goroutine at a time.
//
// Memory: the vectors are held about twice (the graph's and the library's own
// arrangement of them), four times while the scorer is made. A run works
// through the vocabulary in chunks of 8192 tags and through the images in
// slices, so that its own arrays stay under about 64 MiB however many tags and
// images there are.
type Scorer struct {
	config   ScorerConfig
	options  Options
	tags     int
	groups   [2]group // seen, unseen
	ranking  *Session // nil where TopK is 0
	scoring  *Session // made by the first call of Scores
	maxNorm2 float64  // an embedding row's largest squared length that cannot overflow
}

// NewScorer builds the scoring graph and loads it.
func NewScorer(c ScorerConfig, o Options) (*Scorer, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	return newScorer(c, o)
}

// Validate reports every mistake of the configuration at once.
func (c ScorerConfig) Validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if c.Rows < 1 || c.Dim < 1 {
		bad("matrices of %d rows and %d columns", c.Rows, c.Dim)
	}
	if len(c.Seen) == 0 {
		bad("no tags")
	}
	if len(c.Vectors) != len(c.Seen)*c.Dim {
		bad("%d vector elements for %d tags of dimension %d", len(c.Vectors), len(c.Seen), c.Dim)
	}
	if c.TopK < 0 {
		bad("top-k %d", c.TopK)
	}
	if c.Reduction < Max || c.Reduction > TopMean {
		bad("unknown reduction %d", c.Reduction)
	}
	if c.Reduction == TopMean && (c.TopRows < 1 || c.TopRows > c.Rows) {
		bad("mean over the best %d of %d rows", c.TopRows, c.Rows)
	}
	if !(c.LogitScale >= 0 && c.LogitScale <= math.MaxFloat32) {
		bad("logit scale %g", c.LogitScale)
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("ort: scorer: %w", err)
	}
	return nil
}

// Rank returns the best seen and unseen tags of n matrices, embeddings [n,K,D].
// Equal scores rank by tag id; equal means equal as computed, in float32. An
// empty group has a Count of 0. The results are the caller's. An embedding that
// is not finite is ErrNotFinite, naming the image.
func (s *Scorer) Rank(ctx context.Context, embeddings []float32, n int) (seen, unseen Ranked, err error) {
	if s.ranking == nil {
		return Ranked{}, Ranked{}, fmt.Errorf("ort: rank: the scorer was made without top-k")
	}
	if err := s.check(embeddings, n); err != nil {
		return Ranked{}, Ranked{}, fmt.Errorf("ort: rank: %w", err)
	}
	return s.rank(ctx, embeddings, n)
}

// Scores computes out [n,C], the score of every tag in the vocabulary's order.
func (s *Scorer) Scores(ctx context.Context, embeddings []float32, n int, out []float32) error {
	if err := s.check(embeddings, n); err != nil {
		return fmt.Errorf("ort: scores: %w", err)
	}
	if len(out) != n*s.tags {
		return fmt.Errorf("ort: scores: room for %d values, want %d", len(out), n*s.tags)
	}
	return s.scores(ctx, embeddings, n, out)
}

// Device returns the device that computes.
func (s *Scorer) Device() Device {
	if s.ranking != nil {
		return s.ranking.Device()
	}
	return s.options.Device
}

// Close frees the sessions.
func (s *Scorer) Close() error {
	var errs []error
	for _, session := range []*Session{s.ranking, s.scoring} {
		if session != nil {
			errs = append(errs, session.Close())
		}
	}
	return errors.Join(errs...)
}
