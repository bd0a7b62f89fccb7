package evaluate

import (
	"fmt"
	"slices"

	"github.com/sdl-batch/sdl-batch/model"
	"github.com/sdl-batch/sdl-batch/training/labels"
)

// Options of an evaluation. The zero value is the default.
type Options struct {
	Ks []int // of P@K, R@K and F1@K, each at least 1; 3 and 5
}

// ks returns the K's, ascending, each once.
func (o Options) ks() []int {
	if len(o.Ks) == 0 {
		return []int{3, 5}
	}
	ks := slices.Sorted(slices.Values(o.Ks))
	if ks[0] < 1 {
		panic(fmt.Sprintf("evaluate: K of %d", ks[0]))
	}
	return slices.Compact(ks)
}

// Accumulator gathers the scores of images. It is for one goroutine.
//
// Memory: n·C·4 bytes for the scores of n images and C tags, all of them held
// until the end because AP ranks images; 4 bytes for each positive and each
// known negative; for the result another 9·n on each core.
type Accumulator struct {
	vocab *model.Vocabulary
	tasks [tasks]*tally
	known knowledge
	state []state // [C], of the image being added

	images int
	blocks [][]float32 // of perBlock images each, [perBlock,C]
}

// New starts an evaluation of scores for the vocabulary's tags.
func New(vocab *model.Vocabulary, o Options) *Accumulator {
	c := vocab.Len()
	a := &Accumulator{vocab: vocab, state: make([]state, c), known: newKnowledge(vocab)}
	for task := range a.tasks {
		a.tasks[task] = newTally(taskTags(vocab, task), o.ks())
	}
	return a
}

// perBlock is how many images share a block of scores, about 4 MiB.
func (a *Accumulator) perBlock() int { return max(1, 1<<20/len(a.state)) }

// Add takes the scores [C] of one image, finite and in the vocabulary's order,
// and the row that labels it; both are copied. It panics where the scores have
// another length.
func (a *Accumulator) Add(scores []float32, row labels.Row) {
	if len(scores) != len(a.state) {
		panic(fmt.Sprintf("evaluate: %d scores for %d tags", len(scores), len(a.state)))
	}
	setState(a.state, row)
	for _, t := range a.tasks {
		t.add(scores, a.state)
	}
	a.known.add(row)
	if a.images%a.perBlock() == 0 {
		a.blocks = append(a.blocks, make([]float32, 0, a.perBlock()*len(scores)))
	}
	last := &a.blocks[len(a.blocks)-1]
	*last = append(*last, scores...)
	a.images++
}

// score returns the score of a tag on an image.
func (a *Accumulator) score(image, tag int) float32 {
	n := a.perBlock()
	return a.blocks[image/n][image%n*len(a.state)+tag]
}

// Result measures what was added so far.
func (a *Accumulator) Result() *Report {
	r := &Report{Images: int64(a.images), Partial: a.known.partial, Tags: a.tagResults()}
	for task, to := range map[int]*Task{zsl: &r.ZSL, gzsl: &r.GZSL, seen: &r.Seen} {
		*to = a.tasks[task].result()
		to.average(task, r.Tags)
	}
	return r
}
