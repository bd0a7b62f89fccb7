package reread

import (
	"fmt"
	"math"
)

// vocabRows is how many tags are read at a time.
const vocabRows = 256

// vocabulary is the vocab table in memory.
type vocabulary struct {
	tags    []string
	seen    []bool
	dim     int
	vectors []float32 // [C,dim]
	lengths []float64 // of each vector
	groups  [2]int    // tags that are unseen, seen
}

func (v *vocabulary) vector(id int) []float32 { return v.vectors[id*v.dim:][:v.dim] }

func (v *vocabulary) group(seen bool) int {
	if seen {
		return v.groups[1]
	}
	return v.groups[0]
}

func (s *shard) readVocab(t table) error {
	v := &vocabulary{dim: -1}
	known := map[string]bool{}
	err := batches(t, vocabRows, func(n int) error { return s.readVocabRows(t, v, known, n) })
	s.answer.Vocab = int64(len(v.tags))
	if err != nil {
		return err
	}
	if len(v.tags) == 0 {
		return fmt.Errorf("no tags")
	}
	s.vocab = v
	return nil
}

func (s *shard) readVocabRows(t table, v *vocabulary, known map[string]bool, n int) error {
	ids, err1 := flat[int32](t, "tag_id", n)
	tags, err2 := flat[string](t, "tag", n)
	seen, err3 := flat[bool](t, "seen", n)
	vectors, err4 := lists[float32](t, "vector"+element, false, n)
	if err := first(err1, err2, err3, err4); err != nil {
		return err
	}
	for i := range n {
		if want := len(v.tags); int(ids[i]) != want {
			s.answer.problem(vocabTable, "order", int64(want), "tag id %d stands at place %d", ids[i], want)
		}
		if known[tags[i]] {
			s.answer.problem(vocabTable, "tags", int64(ids[i]), "tag %q is there twice", tags[i])
		}
		known[tags[i]] = true
		if err := v.add(tags[i], seen[i], vectors.row(i)); err != nil {
			return err
		}
	}
	return nil
}

// add takes one more tag. A vocabulary of several dimensions cannot be used.
func (v *vocabulary) add(tag string, seen bool, vector []float32) error {
	if v.dim < 0 {
		v.dim = len(vector)
	}
	if len(vector) != v.dim || v.dim == 0 {
		return fmt.Errorf("the vector of tag %q has %d values, the first one has %d", tag, len(vector), v.dim)
	}
	length := length(vector)
	if math.IsNaN(length) || math.IsInf(length, 0) {
		return fmt.Errorf("the vector of tag %q is not finite", tag)
	}
	v.tags, v.seen = append(v.tags, tag), append(v.seen, seen)
	v.vectors, v.lengths = append(v.vectors, vector...), append(v.lengths, length)
	if seen {
		v.groups[1]++
	} else {
		v.groups[0]++
	}
	return nil
}

// first returns the first error that is one.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
