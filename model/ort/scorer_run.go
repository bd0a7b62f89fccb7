package ort

import (
	"context"
	"fmt"
	"math"
	"slices"
)

// sliceValues bounds the row scores that a run holds at a time.
const sliceValues = 8 << 20

func newScorer(c ScorerConfig, o Options) (*Scorer, error) {
	s := &Scorer{config: c, options: o, tags: len(c.Seen), groups: newGroups(c), maxNorm2: c.largestRow()}
	// Scores needs the vectors later, after the caller may have reused them.
	s.config.Vectors = slices.Clone(c.Vectors)
	if math.IsNaN(s.maxNorm2) {
		return nil, fmt.Errorf("ort: scorer: a tag's vector is not finite, or too long for float32")
	}
	if c.TopK == 0 {
		return s, nil
	}
	model, err := rankingGraph(s.config, s.ranked())
	if err != nil {
		return nil, err
	}
	if s.ranking, err = NewSession(model, o); err != nil {
		return nil, err
	}
	return s, nil
}

// largestRow returns the squared length of an embedding row up to which no
// product with a vector leaves float32; NaN where a vector is not finite.
func (c ScorerConfig) largestRow() float64 {
	const largest = math.MaxFloat32 * math.MaxFloat32
	longest := 1.0
	for i := range c.Seen {
		v := c.vector(int32(i))
		scale := c.scale(v)
		longest = max(longest, squares(v)*scale*scale) // NaN wins
	}
	if math.IsNaN(longest) || longest > largest {
		return math.NaN()
	}
	if c.NormalizeRows {
		return math.MaxFloat32 // the row's own squares must stay in float32
	}
	return largest / longest
}

// ranked are the groups that are not empty.
func (s *Scorer) ranked() []group {
	return slices.DeleteFunc(slices.Clone(s.groups[:]), func(g group) bool { return len(g.ids) == 0 })
}

func (s *Scorer) check(embeddings []float32, n int) error {
	matrix := s.config.Rows * s.config.Dim
	if n < 0 || len(embeddings) != n*matrix {
		return fmt.Errorf("%d values for %d matrices of %d", len(embeddings), n, matrix)
	}
	for row := range n * s.config.Rows {
		// The comparison is false for NaN, too.
		if !(squares(embeddings[row*s.config.Dim:][:s.config.Dim]) <= s.maxNorm2) {
			return fmt.Errorf("image %d of the batch, row %d: %w", row/s.config.Rows, row%s.config.Rows, ErrNotFinite)
		}
	}
	return nil
}

// slice is the number of images that one run takes.
func (s *Scorer) slice() int {
	return max(1, sliceValues/(s.config.Rows*min(s.tags, chunkTags)))
}

func (s *Scorer) rank(ctx context.Context, embeddings []float32, n int) (seen, unseen Ranked, err error) {
	results := [2]Ranked{s.groups[0].room(n), s.groups[1].room(n)}
	for first := 0; first < n; first += s.slice() {
		if err := s.rankSlice(ctx, embeddings, first, min(s.slice(), n-first), &results); err != nil {
			return Ranked{}, Ranked{}, err
		}
	}
	return results[0], results[1], nil
}

func (g group) room(n int) Ranked {
	return Ranked{Count: g.keep, TagIDs: make([]int32, n*g.keep), Scores: make([]float32, n*g.keep)}
}

func (s *Scorer) rankSlice(ctx context.Context, embeddings []float32, first, n int, results *[2]Ranked) error {
	var outputs []Tensor
	var indices [2][]int64
	for i, g := range s.groups {
		if g.keep == 0 {
			continue
		}
		indices[i] = make([]int64, n*g.keep)
		outputs = append(outputs, Lend(results[i].Scores[first*g.keep:][:n*g.keep], n, g.keep), Lend(indices[i], n, g.keep))
	}
	if err := s.ranking.Run(ctx, []Tensor{s.lend(embeddings, first, n)}, outputs); err != nil {
		return err
	}
	for i, g := range s.groups {
		ids := results[i].TagIDs[first*g.keep:]
		for j, index := range indices[i] {
			ids[j] = g.ids[index]
		}
	}
	return nil
}

func (s *Scorer) scores(ctx context.Context, embeddings []float32, n int, out []float32) error {
	if err := s.openScoring(); err != nil {
		return err
	}
	step := max(1, min(s.slice(), sliceValues/s.tags))
	for first := 0; first < n; first += step {
		m := min(step, n-first)
		room := Lend(out[first*s.tags:][:m*s.tags], m, s.tags)
		if err := s.scoring.Run(ctx, []Tensor{s.lend(embeddings, first, m)}, []Tensor{room}); err != nil {
			return err
		}
	}
	return nil
}

func (s *Scorer) openScoring() error {
	if s.scoring != nil {
		return nil
	}
	model, err := scoresGraph(s.config)
	if err != nil {
		return err
	}
	s.scoring, err = NewSession(model, s.options)
	return err
}

func (s *Scorer) lend(embeddings []float32, first, n int) Tensor {
	matrix := s.config.Rows * s.config.Dim
	return Lend(embeddings[first*matrix:][:n*matrix], n, s.config.Rows, s.config.Dim)
}
