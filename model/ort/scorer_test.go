package ort_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/sdl-batch/sdl-batch/model/ort"
	"github.com/sdl-batch/sdl-batch/model/ort/orttest"
)

// reference scores one matrix [K,D] in float64, by the definition.
func reference(c ort.ScorerConfig, matrix []float32) []float64 {
	scores := make([]float64, len(c.Seen))
	for tag := range scores {
		v := c.Vectors[tag*c.Dim:][:c.Dim]
		var rows []float64
		for k := range c.Rows {
			rows = append(rows, product(matrix[k*c.Dim:][:c.Dim], v, c.NormalizeRows, c.NormalizeTags))
		}
		slices.SortFunc(rows, func(a, b float64) int { return cmp.Compare(b, a) })
		kept := rows[:map[ort.Reduction]int{ort.Max: 1, ort.Mean: c.Rows, ort.TopMean: c.TopRows}[c.Reduction]]
		for _, r := range kept {
			scores[tag] += r / float64(len(kept))
		}
		if c.LogitScale != 0 {
			scores[tag] *= c.LogitScale
		}
	}
	return scores
}

func product(a, v []float32, unitA, unitV bool) float64 {
	var dot, lengthA, lengthV float64
	for d := range a {
		dot += float64(a[d]) * float64(v[d])
		lengthA += float64(a[d]) * float64(a[d])
		lengthV += float64(v[d]) * float64(v[d])
	}
	if unitA && lengthA > 0 {
		dot /= math.Sqrt(lengthA)
	}
	if unitV && lengthV > 0 {
		dot /= math.Sqrt(lengthV)
	}
	return dot
}

// expected ranks the tags of one group by the reference's scores, equal ones by
// id.
func expected(c ort.ScorerConfig, scores []float64, seen bool) []int32 {
	var ids []int32
	for i, s := range c.Seen {
		if s == seen {
			ids = append(ids, int32(i))
		}
	}
	slices.SortStableFunc(ids, func(a, b int32) int { return cmp.Compare(scores[b], scores[a]) })
	return ids[:min(c.TopK, len(ids))]
}

func newScorer(t *testing.T, c ort.ScorerConfig) *ort.Scorer {
	t.Helper()
	orttest.Load(t)
	s, err := ort.NewScorer(c, cpu)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// integers are random whole numbers, whose products are exact: ties are real.
func integers(random *rand.Rand, n, limit int) []float32 {
	values := make([]float32, n)
	for i := range values {
		values[i] = float32(random.IntN(2*limit+1) - limit)
	}
	return values
}

func TestScorerMatchesDefinition(t *testing.T) {
	tests := []struct {
		name   string
		config ort.ScorerConfig
		tags   int
		unseen int // every unseen-th tag is; 0: none, 1: all
	}{
		{"max", ort.ScorerConfig{Rows: 3, Dim: 4, TopK: 5}, 60, 3},
		{"one row", ort.ScorerConfig{Rows: 1, Dim: 4, TopK: 5}, 60, 3},
		{"one row, one tag", ort.ScorerConfig{Rows: 1, Dim: 1, TopK: 5}, 1, 1},
		{"more asked for than there are", ort.ScorerConfig{Rows: 2, Dim: 3, TopK: 100}, 7, 2},
		{"no unseen", ort.ScorerConfig{Rows: 2, Dim: 3, TopK: 3}, 9, 0},
		{"no seen", ort.ScorerConfig{Rows: 2, Dim: 3, TopK: 3}, 9, 1},
		{"mean", ort.ScorerConfig{Rows: 4, Dim: 4, TopK: 5, Reduction: ort.Mean}, 60, 3},
		{"mean of the best two", ort.ScorerConfig{Rows: 5, Dim: 4, TopK: 5, Reduction: ort.TopMean, TopRows: 2}, 60, 3},
		{"logit scale", ort.ScorerConfig{Rows: 3, Dim: 4, TopK: 5, LogitScale: 8}, 60, 3},
		{"several chunks", ort.ScorerConfig{Rows: 2, Dim: 2, TopK: 40}, 3*8192 + 5, 4},
		{"exactly one chunk", ort.ScorerConfig{Rows: 2, Dim: 2, TopK: 9000}, 8192, 0},
		{"more asked for than a chunk has", ort.ScorerConfig{Rows: 1, Dim: 2, TopK: 10000}, 9000, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(1, 2))
			c := tt.config
			c.Vectors = integers(random, tt.tags*c.Dim, 2)
			for i := range tt.tags {
				c.Seen = append(c.Seen, tt.unseen == 0 || i%tt.unseen != 0)
			}
			const n = 3
			embeddings := integers(random, n*c.Rows*c.Dim, 3)
			checkScorer(t, c, embeddings, n, 0)
		})
	}
}

// Unit lengths are not exact, so that scores agree within float32 only.
func TestScorerNormalises(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for _, flags := range [][2]bool{{true, false}, {false, true}, {true, true}} {
		c := ort.ScorerConfig{Rows: 3, Dim: 16, TopK: 6, NormalizeRows: flags[0], NormalizeTags: flags[1]}
		for i := range 40 {
			c.Seen = append(c.Seen, i%2 == 0)
		}
		c.Vectors = gaussian(random, 40*16)
		clear(c.Vectors[16:32]) // a tag without direction scores 0
		embeddings := gaussian(random, 2*3*16)
		clear(embeddings[:16])
		checkScorer(t, c, embeddings, 2, 1e-5)
	}
}

func gaussian(random *rand.Rand, n int) []float32 {
	values := make([]float32, n)
	for i := range values {
		values[i] = float32(random.NormFloat64())
	}
	return values
}

// checkScorer compares ranks, their scores and all scores with the reference.
func checkScorer(t *testing.T, c ort.ScorerConfig, embeddings []float32, n int, tolerance float64) {
	t.Helper()
	s := newScorer(t, c)
	seen, unseen, err := s.Rank(context.Background(), embeddings, n)
	if err != nil {
		t.Fatal(err)
	}
	all := make([]float32, n*len(c.Seen))
	if err := s.Scores(context.Background(), embeddings, n, all); err != nil {
		t.Fatal(err)
	}
	near := func(got float32, want float64) bool {
		return math.Abs(float64(got)-want) <= tolerance*max(1, math.Abs(want))
	}
	for i := range n {
		want := reference(c, embeddings[i*c.Rows*c.Dim:][:c.Rows*c.Dim])
		for tag, w := range want {
			if got := all[i*len(c.Seen)+tag]; !near(got, float64(float32(w))) {
				t.Fatalf("image %d, tag %d scores %g, want %g", i, tag, got, w)
			}
		}
		for isSeen, r := range map[bool]ort.Ranked{true: seen, false: unseen} {
			ids := r.TagIDs[i*r.Count:][:r.Count]
			if best := expected(c, want, isSeen); !slices.Equal(ids, best) {
				t.Fatalf("image %d, seen %t: ranked %v, want %v", i, isSeen, ids, best)
			}
			for rank, id := range ids {
				if got := r.Scores[i*r.Count+rank]; !near(got, float64(float32(want[id]))) {
					t.Fatalf("image %d, tag %d ranked with %g, want %g", i, id, got, want[id])
				}
			}
		}
	}
}

// More images than a slice takes give what each gives alone.
func TestScorerSlicesLargeBatches(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	const tags, n = 8192, 300
	c := ort.ScorerConfig{Rows: 7, Dim: 2, TopK: 2, Vectors: integers(random, tags*2, 50), Seen: make([]bool, tags)}
	s := newScorer(t, c)
	embeddings := integers(random, n*14, 50)
	_, whole, err := s.Rank(context.Background(), embeddings, n)
	if err != nil {
		t.Fatal(err)
	}
	all := make([]float32, n*tags)
	if err := s.Scores(context.Background(), embeddings, n, all); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		_, alone, err := s.Rank(context.Background(), embeddings[i*14:][:14], 1)
		if err != nil {
			t.Fatal(err)
		}
		ids := whole.TagIDs[i*2:][:2]
		if !slices.Equal(ids, alone.TagIDs) || all[i*tags+int(ids[0])] != alone.Scores[0] {
			t.Fatalf("image %d: %v in the batch, %v alone", i, ids, alone.TagIDs)
		}
	}
}

func TestScorerReportsWhatIsNotFinite(t *testing.T) {
	c := ort.ScorerConfig{Rows: 2, Dim: 2, TopK: 1, Vectors: []float32{1, 0, 0, 4}, Seen: []bool{true, false}}
	s := newScorer(t, c)
	for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), 3e38} {
		embeddings := []float32{1, 2, 3, 4, 5, 6, 7, bad}
		_, _, err := s.Rank(context.Background(), embeddings, 2)
		if !errors.Is(err, ort.ErrNotFinite) || !strings.Contains(err.Error(), "image 1 of the batch, row 1") {
			t.Errorf("%g: rank: %v", bad, err)
		}
		if err := s.Scores(context.Background(), embeddings, 2, make([]float32, 4)); !errors.Is(err, ort.ErrNotFinite) {
			t.Errorf("%g: scores: %v", bad, err)
		}
	}
	for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(1)), 3e38} {
		c.Vectors = []float32{1, 0, bad, bad}
		if _, err := ort.NewScorer(c, cpu); err == nil {
			t.Errorf("a vector of %g was taken", bad)
		}
	}
}

func TestScorerConfigReportsEverything(t *testing.T) {
	c := ort.ScorerConfig{Rows: 0, Dim: 2, TopK: -1, Vectors: make([]float32, 3), Reduction: 9, LogitScale: -1}
	err := c.Validate()
	for _, want := range []string{"0 rows", "no tags", "3 vector elements", "top-k -1", "unknown reduction 9", "logit scale -1"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %v", want, err)
		}
	}
	c = ort.ScorerConfig{Rows: 2, Dim: 1, Vectors: []float32{1}, Seen: []bool{true}, Reduction: ort.TopMean, TopRows: 3}
	if err := c.Validate(); err == nil {
		t.Error("a mean over more rows than there are is valid")
	}
}

func TestScorerWithoutRankingScores(t *testing.T) {
	s := newScorer(t, ort.ScorerConfig{Rows: 1, Dim: 1, Vectors: []float32{2}, Seen: []bool{true}})
	out := make([]float32, 1)
	if err := s.Scores(context.Background(), []float32{3}, 1, out); err != nil || out[0] != 6 {
		t.Error(out, err)
	}
	if _, _, err := s.Rank(context.Background(), []float32{3}, 1); err == nil {
		t.Error("ranked without top-k")
	}
	if err := s.Scores(context.Background(), []float32{3, 4}, 1, out); err == nil {
		t.Error("two values passed for a matrix of one")
	}
	if _, _, err := s.Rank(context.Background(), nil, 0); err == nil {
		t.Error("ranked without top-k")
	}
}

func BenchmarkRank(b *testing.B) {
	orttest.Load(b)
	random := rand.New(rand.NewPCG(7, 8))
	for _, tags := range []int{1006, 100_000} {
		b.Run(fmt.Sprint(tags, " tags"), func(b *testing.B) {
			c := ort.ScorerConfig{Rows: 7, Dim: 300, TopK: 10, Vectors: gaussian(random, tags*300), Seen: make([]bool, tags)}
			s, err := ort.NewScorer(c, ort.Options{Device: ort.Device{Provider: ort.CPU}})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			embeddings := gaussian(random, 32*2100)
			for b.Loop() {
				if _, _, err := s.Rank(context.Background(), embeddings, 32); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(32*b.N)/b.Elapsed().Seconds(), "images/s")
		})
	}
}
