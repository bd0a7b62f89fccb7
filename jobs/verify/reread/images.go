package reread

import (
	"hash/maphash"
	"math"
)

// imageRows is how many images are read at a time.
const imageRows = 1024

// ranks are the ranked tags of some images in one group.
type ranks struct {
	tags   *list[string]
	ids    *list[int32]
	scores *list[float32]
	ranks  *list[int32]
}

func readRanks(t table, group string, n int) (r ranks, err error) {
	var errs [4]error
	r.tags, errs[0] = lists[string](t, group+element+".tag", true, n)
	r.ids, errs[1] = lists[int32](t, group+element+".tag_id", true, n)
	r.scores, errs[2] = lists[float32](t, group+element+".score", true, n)
	r.ranks, errs[3] = lists[int32](t, group+element+".rank", true, n)
	return r, first(errs[:]...)
}

func (r ranks) count(i int) int { return len(r.ids.row(i)) }

// whole reports whether the four columns have lists of one length.
func (r ranks) whole(i int) bool {
	n := r.count(i)
	return len(r.tags.row(i)) == n && len(r.scores.row(i)) == n && len(r.ranks.row(i)) == n
}

// images are some rows of the images table.
type images struct {
	row                      []int64
	uri, status, stage, code []string
	spread                   []float32
	seen, unseen             ranks
	rest                     rest
}

func readImageRows(t table, carried []string, n int) (m images, err error) {
	var errs [9]error
	m.row, errs[0] = flat[int64](t, "manifest_row", n)
	m.uri, errs[1] = flat[string](t, "uri", n)
	m.status, errs[2] = flat[string](t, "status", n)
	m.stage, errs[3] = flat[string](t, "stage", n)
	m.code, errs[4] = flat[string](t, "code", n)
	m.spread, errs[5] = flat[float32](t, "row_spread", n)
	m.seen, errs[6] = readRanks(t, "seen", n)
	m.unseen, errs[7] = readRanks(t, "unseen", n)
	m.rest, errs[8] = readRest(t, carried, n)
	return m, first(errs[:]...)
}

func (s *shard) readImages(t table) error {
	return batches(t, imageRows, func(n int) error {
		m, err := readImageRows(t, s.request.Carried, n)
		if err != nil {
			return err
		}
		for i := range n {
			s.image(&m, i)
		}
		return nil
	})
}

func (s *shard) image(m *images, i int) {
	s.answer.Rows++
	row := m.row[i]
	s.described(m, i)
	switch m.status[i] {
	case "ok":
		s.answer.OK++
	case "rejected":
		s.answer.Rejected++
	default:
		s.answer.problem(imagesTable, "status", row, "is %q, want ok or rejected", m.status[i])
	}
	f := s.at(imagesTable, row)
	if f == nil {
		return
	}
	if f.images++; f.images > 1 {
		return // countImages tells
	}
	f.ok, f.uri = m.status[i] == "ok", s.uriHash(m.uri[i])
	if f.ok {
		s.labelled(f, m, i)
	} else {
		s.rejected(m, i)
	}
}

func (s *shard) rejected(m *images, i int) {
	if m.stage[i] == "" || m.code[i] == "" || m.rest.message[i] == "" {
		s.answer.problem(imagesTable, "reject", m.row[i], "has stage %q, code %q and message %q", m.stage[i], m.code[i], m.rest.message[i])
	}
	s.count(m.stage[i] + "/" + m.code[i])
	if n := m.seen.count(i) + m.unseen.count(i); n > 0 || !m.seen.ids.null[i] || !m.unseen.ids.null[i] {
		s.answer.problem(imagesTable, "reject", m.row[i], "has %d ranked tags, want null", n)
	}
}

func (s *shard) labelled(f *facts, m *images, i int) {
	if m.stage[i] != "" || m.code[i] != "" || m.rest.message[i] != "" || m.rest.retryable[i] {
		s.answer.problem(imagesTable, "status", m.row[i], "is ok with stage %q, code %q, message %q, retryable %v", m.stage[i], m.code[i], m.rest.message[i], m.rest.retryable[i])
	}
	f.spread = m.spread[i]
	f.seen = s.group(f, m, m.seen, true, i)
	f.unseen = s.group(f, m, m.unseen, false, i)
}

// group checks one image's ranked tags of one group and notes what the tags
// table must hold for them.
func (s *shard) group(f *facts, m *images, r ranks, seen bool, i int) []scored {
	row, name := m.row[i], groupName(seen)
	if r.ids.null[i] || !r.whole(i) {
		s.answer.problem(imagesTable, "ranks", row, "the %s tags are null or their columns differ in length", name)
		return nil
	}
	if n := r.count(i); s.vocab != nil && n != min(s.request.TopK, s.vocab.group(seen)) {
		s.answer.problem(imagesTable, "ranks", row, "%d %s tags; the top %d of %d are wanted", n, name, s.request.TopK, s.vocab.group(seen))
	} else if n > s.request.TopK {
		s.answer.problem(imagesTable, "ranks", row, "%d %s tags, want %d at most", n, name, s.request.TopK)
	}
	tags, ids, scores, ranks := r.tags.row(i), r.ids.row(i), r.scores.row(i), r.ranks.row(i)
	out := make([]scored, len(ids))
	for j, id := range ids {
		out[j] = scored{id, scores[j]}
		if int(ranks[j]) != j+1 {
			s.answer.problem(imagesTable, "ranks", row, "the %s tag at place %d has rank %d", name, j+1, ranks[j])
		}
		s.known(imagesTable, row, tags[j], id, seen)
		f.tags++
		f.sum += maphash.Comparable(s.hash, tagRow{tags[j], id, seen, bits(scores[j]), ranks[j], row, m.uri[i]})
	}
	s.inOrder(row, name, out)
	return out
}

func groupName(seen bool) string {
	if seen {
		return "seen"
	}
	return "unseen"
}

// inOrder checks that scores fall and that equal ones follow tag ids.
func (s *shard) inOrder(row int64, name string, tags []scored) {
	for j, t := range tags {
		if score := float64(t.score); math.IsNaN(score) || math.IsInf(score, 0) {
			s.answer.problem(imagesTable, "order", row, "the %s score at place %d is %v", name, j+1, t.score)
			return
		}
		if j == 0 {
			continue
		}
		if before := tags[j-1]; before.score < t.score || before.score == t.score && before.id >= t.id {
			s.answer.problem(imagesTable, "order", row, "%s place %d (tag %d, score %v) stands before place %d (tag %d, score %v)",
				name, j, before.id, before.score, j+1, t.id, t.score)
			return
		}
	}
}

// known checks a ranked tag's name and group against the vocabulary.
func (s *shard) known(table string, row int64, tag string, id int32, seen bool) {
	v := s.vocab
	switch {
	case v == nil:
	case id < 0 || int(id) >= len(v.tags):
		s.answer.problem(table, "vocabulary", row, "tag id %d; the vocabulary has %d tags", id, len(v.tags))
	case v.tags[id] != tag || v.seen[id] != seen:
		s.answer.problem(table, "vocabulary", row, "tag %d is %q (%s), the vocabulary has %q (%s)", id, tag, groupName(seen), v.tags[id], groupName(v.seen[id]))
	}
}
