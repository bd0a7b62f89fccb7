package evaluate

import (
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// tagResults measures every tag, several at once.
func (a *Accumulator) tagResults() []TagResult {
	results := make([]TagResult, a.vocab.Len())
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(results)) {
		workers.Go(func() {
			r := ranking{accumulator: a, states: make([]state, a.images), order: make([]uint64, 0, a.images)}
			for tag := int(next.Add(1)) - 1; tag < len(results); tag = int(next.Add(1)) - 1 {
				results[tag] = r.measure(tag)
			}
		})
	}
	workers.Wait()
	return results
}

// ranking ranks all images for one tag after the other.
type ranking struct {
	accumulator *Accumulator
	states      []state
	order       []uint64 // keys of the images whose label is known
}

func (r *ranking) measure(tag int) TagResult {
	a := r.accumulator
	t := TagResult{ID: int32(tag), Tag: a.vocab.Tags[tag], Seen: a.vocab.Seen[tag], Positives: int64(len(a.known.positives[tag]))}
	a.known.of(tag, r.states)
	r.order = r.order[:0]
	for image, s := range r.states {
		if s != unknown {
			r.order = append(r.order, key(a.score(image, tag), image))
		}
	}
	t.Annotated = int64(len(r.order))
	if t.Positives == 0 {
		return t
	}
	slices.Sort(r.order)
	group := zsl
	if t.Seen {
		group = seen
	}
	t.AP, t.APGroup, t.APKeep = r.precision(1<<gzsl), r.precision(1<<group), r.precision(0)
	return t
}

// precision is the AP among the ranked images that have a positive of the task
// with the given bit; 0 takes all images.
func (r *ranking) precision(task uint8) float64 {
	var sum, hits, rank float64
	for _, k := range r.order {
		image := uint32(k)
		if r.accumulator.known.relevant[image]&task != task {
			continue
		}
		rank++
		if r.states[image] == positive {
			hits++
			sum += hits / rank
		}
	}
	return 100 * share(sum, hits)
}

// key orders images by falling score, then by their own order.
func key(score float32, image int) uint64 {
	bits := math.Float32bits(score + 0) // -0 is 0
	if bits>>31 == 1 {
		bits = ^bits
	} else {
		bits |= 1 << 31
	}
	return uint64(^bits)<<32 | uint64(uint32(image))
}
