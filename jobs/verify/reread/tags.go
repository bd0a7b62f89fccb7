package reread

import (
	"hash/maphash"
	"math"
)

// tagRows is how many rows of the tags table are read at a time.
const tagRows = 8192

// tags are some rows of the tags table.
type tags struct {
	tag   []string
	id    []int32
	seen  []bool
	score []float32
	rank  []int32
	row   []int64
	uri   []string
}

func readTagRows(t table, n int) (g tags, err error) {
	var errs [7]error
	g.tag, errs[0] = flat[string](t, "tag", n)
	g.id, errs[1] = flat[int32](t, "tag_id", n)
	g.seen, errs[2] = flat[bool](t, "seen", n)
	g.score, errs[3] = flat[float32](t, "score", n)
	g.rank, errs[4] = flat[int32](t, "rank", n)
	g.row, errs[5] = flat[int64](t, "manifest_row", n)
	g.uri, errs[6] = flat[string](t, "uri", n)
	return g, first(errs[:]...)
}

func (s *shard) readTags(t table) error {
	before, score := "", float32(math.Inf(1))
	return batches(t, tagRows, func(n int) error {
		g, err := readTagRows(t, n)
		if err != nil {
			return err
		}
		for i := range n {
			if g.tag[i] < before || g.tag[i] == before && !(g.score[i] <= score) {
				s.answer.problem(tagsTable, "order", g.row[i], "tag %q with score %v follows tag %q with score %v", g.tag[i], g.score[i], before, score)
			}
			before, score = g.tag[i], g.score[i]
			s.tag(&g, i)
		}
		return nil
	})
}

func (s *shard) tag(g *tags, i int) {
	s.answer.Tags++
	f := s.at(tagsTable, g.row[i])
	if f == nil {
		return
	}
	s.known(tagsTable, g.row[i], g.tag[i], g.id[i], g.seen[i])
	f.tags--
	f.sum -= maphash.Comparable(s.hash, tagRow{g.tag[i], g.id[i], g.seen[i], bits(g.score[i]), g.rank[i], g.row[i], g.uri[i]})
}

// compareTags checks, once both tables are read, that the tags table holds the
// images table's ranked tags, each once and nothing else.
func (s *shard) compareTags() {
	for i := range s.rows {
		f, row := &s.rows[i], s.request.FirstRow+int64(i)
		switch {
		case f.images > 1:
		case f.tags > 0:
			s.answer.problem(tagsTable, "rows", row, "%d ranked tags of the images table are missing", f.tags)
		case f.tags < 0:
			s.answer.problem(tagsTable, "rows", row, "%d rows more than the images table has ranked tags", -f.tags)
		case f.sum != 0:
			s.answer.problem(tagsTable, "rows", row, "the rows differ from the images table's ranked tags")
		}
	}
}
