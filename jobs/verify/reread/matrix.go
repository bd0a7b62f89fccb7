package reread

import (
	"math"
	"slices"
)

// noise is the rounding of single precision that is always allowed, relative to
// the sizes of what is summed: products and differences may cancel.
const noise = 1e-5

// tiny keeps the scaling of a zero vector to unit length defined; it stays
// zero.
const tiny = 1e-12

// matrix is one image's embedding, [rows,dim] in row-major order.
type matrix struct {
	rows, dim int
	values    []float32
}

func (a matrix) row(k int) []float32 { return a.values[k*a.dim:][:a.dim] }

// spread is Σ_d Var_k(A[k][d]) with the unbiased variance, 0 for one row. scale
// is the mean square length of the rows, which the rounding is relative to.
func (a matrix) spread() (spread, scale float64) {
	for k := range a.rows {
		l := length(a.row(k))
		scale += l * l / float64(a.rows)
	}
	if a.rows == 1 {
		return 0, 0
	}
	for d := range a.dim {
		var mean float64
		for k := range a.rows {
			mean += float64(a.values[k*a.dim+d]) / float64(a.rows)
		}
		for k := range a.rows {
			off := float64(a.values[k*a.dim+d]) - mean
			spread += off * off / float64(a.rows-1)
		}
	}
	return spread, scale
}

func length(v []float32) float64 { return math.Sqrt(dot(v, v)) }

func dot(a, b []float32) float64 {
	var sum float64
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}

// exact is a recomputed score.
type exact struct {
	id    int32
	score float64
	size  float64 // longest row times vector: what rounding is relative to
}

// scores computes every tag's score: logit scale · reduce over rows of A[k]·v.
func (s *shard) scores(a matrix) []exact {
	out := make([]exact, len(s.vocab.tags))
	lengths, longest := make([]float64, a.rows), 0.0
	for k := range a.rows {
		lengths[k] = length(a.row(k))
		longest = max(longest, lengths[k])
	}
	products := make([]float64, a.rows)
	for id := range out {
		for k := range products {
			products[k] = dot(a.row(k), s.vocab.vector(id)) * s.factor(lengths[k], s.vocab.lengths[id])
		}
		size := longest * s.vocab.lengths[id] * s.factor(longest, s.vocab.lengths[id])
		out[id] = exact{int32(id), s.request.reduce(products), size}
	}
	return out
}

// factor is what a product of two vectors of these lengths is multiplied with.
func (s *shard) factor(row, vector float64) float64 {
	factor := s.request.LogitScale
	if s.request.NormaliseRows {
		factor /= max(row, tiny)
	}
	if s.request.NormaliseLabels {
		factor /= max(vector, tiny)
	}
	return factor
}

// reduce joins the scores of the rows, which it may reorder.
func (r Request) reduce(rows []float64) float64 {
	switch r.Reduction {
	case ReduceMax:
		return slices.Max(rows)
	case ReduceTopKMean:
		slices.SortFunc(rows, func(a, b float64) int {
			if a > b {
				return -1
			}
			return 1
		})
		rows = rows[:min(r.ReductionK, len(rows))]
	}
	var sum float64
	for _, x := range rows {
		sum += x
	}
	return sum / float64(len(rows))
}
