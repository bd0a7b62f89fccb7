package reread

import (
	"cmp"
	"math"
	"slices"
)

// compareRanks checks an image's ranked tags against the ones that follow from
// its matrix and the vocabulary.
func (s *shard) compareRanks(row int64, f *facts, a matrix) {
	all := s.scores(a)
	s.compareGroup(row, true, f.seen, all)
	s.compareGroup(row, false, f.unseen, all)
}

func (s *shard) compareGroup(row int64, seen bool, stored []scored, all []exact) {
	best := s.ranked(all, seen)
	used := map[int32]bool{}
	for i, t := range stored {
		if t.id < 0 || int(t.id) >= len(all) || i >= len(best) {
			return // a problem already
		}
		if used[t.id] {
			s.answer.problem(imagesTable, "recomputed", row, "%s tag %d is ranked twice", groupName(seen), t.id)
			return
		}
		used[t.id] = true
		if !s.sameScore(row, t, all[t.id]) || !s.samePlace(row, i, all[t.id], best[i]) {
			return // one problem a group tells enough
		}
	}
}

// ranked sorts a group's tags: by score, equal ones by tag id.
func (s *shard) ranked(all []exact, seen bool) []exact {
	best := make([]exact, 0, s.vocab.group(seen))
	for _, e := range all {
		if s.vocab.seen[e.id] == seen {
			best = append(best, e)
		}
	}
	slices.SortStableFunc(best, func(a, b exact) int { return cmp.Compare(b.score, a.score) })
	return best
}

// sameScore allows the tolerance, relative to the score, and the rounding of a
// single precision sum.
func (s *shard) sameScore(row int64, t scored, want exact) bool {
	off := math.Abs(float64(t.score) - want.score)
	scale := max(math.Abs(want.score), want.size/100)
	// JSON has no infinity; such a score is a problem of its own.
	if relative := off / scale; relative <= math.MaxFloat32 {
		s.answer.ScoreError = max(s.answer.ScoreError, relative)
	}
	if off <= max(s.request.Tolerance*math.Abs(want.score), noise*want.size) {
		return true
	}
	s.answer.problem(imagesTable, "recomputed", row, "tag %d has score %v, the matrix gives %v", t.id, t.score, want.score)
	return false
}

// samePlace accepts another tag than the recomputed one where their recomputed
// scores are as good as equal.
func (s *shard) samePlace(row int64, place int, got, want exact) bool {
	if got.id == want.id || math.Abs(want.score-got.score) <= noise*max(want.size, got.size) {
		return true
	}
	s.answer.problem(imagesTable, "recomputed", row, "place %d has tag %d (%v by the matrix), it belongs to tag %d (%v)",
		place+1, got.id, got.score, want.id, want.score)
	return false
}
