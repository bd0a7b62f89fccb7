package reread

import (
	"math"
	"math/rand/v2"
)

// embeddingValues is how many values of matrices are read at a time, about: the
// reader needs some 50 bytes for each.
const embeddingValues = 1 << 18

// matrices are some rows of the embeddings table.
type matrices struct {
	row       []int64
	uri       []string
	rows, dim []int32
	values    *list[float32]
}

func readMatrices(t table, n int) (m matrices, err error) {
	var errs [5]error
	m.row, errs[0] = flat[int64](t, "manifest_row", n)
	m.uri, errs[1] = flat[string](t, "uri", n)
	m.rows, errs[2] = flat[int32](t, "rows", n)
	m.dim, errs[3] = flat[int32](t, "dim", n)
	m.values, errs[4] = lists[float32](t, "embedding"+element, false, n)
	return m, first(errs[:]...)
}

func (s *shard) readEmbeddings(t table) error {
	chosen := s.sample()
	return batches(t, t.rowsWith(embeddingValues), func(n int) error {
		m, err := readMatrices(t, n)
		if err != nil {
			return err
		}
		for i := range n {
			s.embedding(&m, i, chosen)
		}
		return nil
	})
}

func (s *shard) embedding(m *matrices, i int, chosen map[int64]bool) {
	s.answer.Embeddings++
	row := m.row[i]
	f := s.at(embeddingsTable, row)
	if f == nil {
		return
	}
	f.embeddings++
	if f.images == 1 && f.uri != s.uriHash(m.uri[i]) {
		s.answer.problem(embeddingsTable, "uri", row, "%q is not the images table's", m.uri[i])
	}
	a := matrix{int(m.rows[i]), int(m.dim[i]), m.values.row(i)}
	if !s.shaped(row, a) || !f.ok {
		return
	}
	s.compareSpread(row, f, a)
	if chosen[row] {
		s.answer.Recomputed++
		s.compareRanks(row, f, a)
	}
}

// shaped checks that a matrix is one and holds numbers.
func (s *shard) shaped(row int64, a matrix) bool {
	if a.rows < 1 || a.dim < 1 || int64(len(a.values)) != int64(a.rows)*int64(a.dim) {
		s.answer.problem(embeddingsTable, "shape", row, "%d values for %d rows of %d", len(a.values), a.rows, a.dim)
		return false
	}
	for at, v := range a.values {
		if x := float64(v); math.IsNaN(x) || math.IsInf(x, 0) {
			s.answer.problem(embeddingsTable, "finite", row, "value %d is %v", at, v)
			return false
		}
	}
	if v := s.vocab; v != nil && v.dim != a.dim {
		s.answer.problem(embeddingsTable, "shape", row, "dimension %d, the vocabulary has %d", a.dim, v.dim)
		return false
	}
	return true
}

func (s *shard) compareSpread(row int64, f *facts, a matrix) {
	want, scale := a.spread()
	if got := float64(f.spread); !(math.Abs(got-want) <= s.request.Tolerance*want+noise*scale) {
		s.answer.problem(imagesTable, "row_spread", row, "is %v, the matrix gives %v", f.spread, want)
	}
}

// sample draws the images whose scores are computed again.
func (s *shard) sample() map[int64]bool {
	if s.vocab == nil {
		return nil
	}
	var all []int64
	for i := range s.rows {
		if s.rows[i].ok {
			all = append(all, s.request.FirstRow+int64(i))
		}
	}
	if n := s.request.Sample; n > 0 && n < len(all) {
		random := rand.New(rand.NewPCG(s.request.Seed, uint64(s.request.FirstRow)))
		random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		all = all[:n]
	}
	chosen := make(map[int64]bool, len(all))
	for _, row := range all {
		chosen[row] = true
	}
	return chosen
}
