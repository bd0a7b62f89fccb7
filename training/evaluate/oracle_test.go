package evaluate_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/sdl-batch/sdl-batch/training/evaluate"
	"github.com/sdl-batch/sdl-batch/training/labels"
)

// oracle computes the measures from their definitions, one number at a time.
type oracle struct {
	seen   []bool
	scores [][]float32
	rows   []labels.Row
}

// known tells whether the label of a tag is known, positive whether it is one.
func (o oracle) known(i, tag int) bool {
	r := o.rows[i]
	return !r.Partial || slices.Contains(r.Positives, int32(tag)) || slices.Contains(r.Negatives, int32(tag))
}

func (o oracle) positive(i, tag int) bool { return slices.Contains(o.rows[i].Positives, int32(tag)) }

// images are those that a protocol takes.
func (o oracle) images(tags []int, keep bool) (images []int) {
	for i := range o.rows {
		if keep || slices.ContainsFunc(tags, func(tag int) bool { return o.positive(i, tag) }) {
			images = append(images, i)
		}
	}
	return images
}

// rank is the place, from 1, that image i has for a tag.
func (o oracle) rank(images []int, tag, i int) (rank, positives float64) {
	for _, j := range images {
		ahead := o.scores[j][tag] > o.scores[i][tag] || o.scores[j][tag] == o.scores[i][tag] && j <= i
		if !ahead || !o.known(j, tag) {
			continue
		}
		rank++
		if o.positive(j, tag) {
			positives++
		}
	}
	return rank, positives
}

func (o oracle) meanAP(tags []int, keep bool) float64 {
	images := o.images(tags, keep)
	var mean float64
	for _, tag := range tags {
		var sum, n float64
		for _, i := range images {
			if o.positive(i, tag) {
				rank, positives := o.rank(images, tag, i)
				sum, n = sum+positives/rank, n+1
			}
		}
		if n > 0 {
			mean += 100 * sum / n / float64(len(tags))
		}
	}
	return mean
}

func (o oracle) at(tags []int, keep bool, k int) (p, r float64) {
	var hits, ranked, positives float64
	for _, i := range o.images(tags, keep) {
		best := slices.DeleteFunc(slices.Clone(tags), func(tag int) bool { return !o.known(i, tag) })
		slices.SortStableFunc(best, func(a, b int) int {
			if o.scores[i][a] > o.scores[i][b] {
				return -1
			} else if o.scores[i][a] < o.scores[i][b] {
				return 1
			}
			return a - b
		})
		best = best[:min(k, len(best))]
		ranked += float64(len(best))
		for _, tag := range tags {
			if o.positive(i, tag) {
				positives++
				if slices.Contains(best, tag) {
					hits++
				}
			}
		}
	}
	return 100 * hits / max(ranked, 1), 100 * hits / max(positives, 1)
}

func TestMeasuresFollowFromTheirDefinitions(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		o, ks := drawOracle(rt), rapid.SliceOfN(rapid.IntRange(1, 9), 1, 3).Draw(rt, "ks")
		a := evaluate.New(vocabulary(len(o.seen), func(id int) bool { return o.seen[id] }), evaluate.Options{Ks: ks})
		for i := range o.rows {
			a.Add(o.scores[i], o.rows[i])
		}
		report := a.Result()
		for task, in := range map[string]func(seen bool) bool{
			"zsl": func(seen bool) bool { return !seen }, "gzsl": func(bool) bool { return true }, "seen": func(seen bool) bool { return seen },
		} {
			var tags []int
			for id, seen := range o.seen {
				if in(seen) {
					tags = append(tags, id)
				}
			}
			if len(o.images(tags, false)) == 0 {
				continue
			}
			for prefix, keep := range map[string]bool{"": false, "keep.": true} {
				want := map[string]float64{"map": o.meanAP(tags, keep)}
				for _, k := range ks {
					p, r := o.at(tags, keep, k)
					want[fmt.Sprint("p@", k)], want[fmt.Sprint("r@", k)] = p, r
				}
				for name, value := range want {
					metric := prefix + task + "." + name
					if got, err := report.Metric(metric); err != nil || math.Abs(got-value) > 1e-9 {
						rt.Errorf("%s is %v, want %v; %v", metric, got, value, err)
					}
				}
			}
		}
	})
}

func drawOracle(t *rapid.T) (o oracle) {
	o.seen = rapid.SliceOfN(rapid.Bool(), 1, 6).Draw(t, "seen")
	for range rapid.IntRange(0, 12).Draw(t, "images") {
		row := labels.Row{Partial: rapid.Bool().Draw(t, "partial")}
		var scores []float32
		for id := range o.seen {
			scores = append(scores, float32(rapid.IntRange(-3, 3).Draw(t, "score")))
			switch what := rapid.IntRange(0, 3).Draw(t, "label"); {
			case what == 0:
				row.Positives = append(row.Positives, int32(id))
			case what == 1 && row.Partial:
				row.Negatives = append(row.Negatives, int32(id))
			}
		}
		o.scores, o.rows = append(o.scores, scores), append(o.rows, row)
	}
	return o
}

// TestManyTagsOverSeveralBlocks: with so many tags a block of scores holds four
// images.
func TestManyTagsOverSeveralBlocks(t *testing.T) {
	const c, n = 1 << 18, 9
	a := evaluate.New(vocabulary(c, func(id int) bool { return id%2 == 0 }), evaluate.Options{})
	for i := range n {
		scores := make([]float32, c)
		for id := range scores {
			scores[id] = float32((i*7 + id) % n)
		}
		a.Add(scores, labels.Row{Positives: []int32{int32(i), c - 1}})
	}
	tags := a.Result().Tags
	for _, id := range []int{0, 1, 5, 8} { // positive of image id only
		ahead := 0
		for i := range n {
			if (i*7+id)%n > (id*7+id)%n {
				ahead++
			}
		}
		if want := 100 / float64(ahead+1); math.Abs(tags[id].APKeep-want) > 1e-9 {
			t.Errorf("tag %d: AP %v, want %v", id, tags[id].APKeep, want)
		}
	}
	if tags[c-1].AP != 100 || tags[c-1].Positives != n || tags[n].Positives != 0 {
		t.Errorf("last tag %+v, tag %d %+v", tags[c-1], n, tags[n])
	}
}

func TestScoresOfAnotherLengthPanic(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("two scores for three tags were taken")
		}
	}()
	evaluate.New(vocabulary(3, func(int) bool { return true }), evaluate.Options{}).Add([]float32{1, 2}, labels.Row{})
}
