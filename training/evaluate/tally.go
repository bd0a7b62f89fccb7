package evaluate

// tally counts, for one task, what P, R and F1 at each K are made of.
type tally struct {
	tags      []int32 // ascending
	ks        []int   // ascending
	images    [protocols]int64
	positives int64     // of all images
	hits      []int64   // for each K: positives among the K best
	ranked    [][]int64 // for each protocol and K: Σ min(K, known tags)
	best      []int32   // room for the best of one image
}

// The protocols, as indexes.
const (
	drop = iota
	keep
	protocols
)

func newTally(tags []int32, ks []int) *tally {
	t := &tally{tags: tags, ks: ks, hits: make([]int64, len(ks))}
	for range protocols {
		t.ranked = append(t.ranked, make([]int64, len(ks)))
	}
	return t
}

// add counts an image.
func (t *tally) add(scores []float32, states []state) {
	known, positives := 0, 0
	for _, id := range t.tags {
		switch states[id] {
		case positive:
			positives++
			known++
		case negative:
			known++
		}
	}
	t.count(keep, known)
	if positives == 0 {
		return // no hits either
	}
	t.count(drop, known)
	t.positives += int64(positives)
	t.rank(scores, states)
	for i, k := range t.ks {
		hits := 0
		for _, id := range t.best[:min(k, len(t.best))] {
			if states[id] == positive {
				hits++
			}
		}
		t.hits[i] += int64(hits)
	}
}

func (t *tally) count(protocol, known int) {
	t.images[protocol]++
	for i, k := range t.ks {
		t.ranked[protocol][i] += int64(min(k, known))
	}
}

// rank finds the best known tags of an image, best first. Tags come in the
// order of their ids, so that of equals the lower id stays ahead.
func (t *tally) rank(scores []float32, states []state) {
	most := t.ks[len(t.ks)-1]
	t.best = t.best[:0]
	for _, id := range t.tags {
		if states[id] == unknown || len(t.best) == most && scores[id] <= scores[t.best[most-1]] {
			continue
		}
		if len(t.best) < most {
			t.best = append(t.best, id)
		}
		at := len(t.best) - 1
		for ; at > 0 && scores[id] > scores[t.best[at-1]]; at-- {
			t.best[at] = t.best[at-1]
		}
		t.best[at] = id
	}
}

// result computes the task's measures but for mAP.
func (t *tally) result() Task {
	return Task{Tags: len(t.tags), Drop: t.measures(drop), Keep: t.measures(keep)}
}

func (t *tally) measures(protocol int) Measures {
	n := t.images[protocol]
	m := Measures{Images: n, Dropped: t.images[keep] - n, MeanPositives: share(float64(t.positives), float64(n))}
	for i, k := range t.ks {
		at := AtK{
			K:         k,
			Precision: 100 * share(float64(t.hits[i]), float64(t.ranked[protocol][i])),
			Recall:    100 * share(float64(t.hits[i]), float64(t.positives)),
		}
		at.F1 = share(2*at.Precision*at.Recall, at.Precision+at.Recall)
		m.At = append(m.At, at)
	}
	return m
}

// share is a/b, 0 of nothing.
func share(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}
