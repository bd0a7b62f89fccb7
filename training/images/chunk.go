package images

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/sdl-batch/sdl-batch/pipeline"
)

// chunk makes a chunk of a batch. Images that came late lie behind those that
// came in time: they go to their places.
func (r *run) chunk(b *pipeline.Batch) *Chunk {
	order(b, r.imageLen())
	items := r.take(b.Shard.Index)
	at := func(o pipeline.Outcome) Item { return items[o.Number-b.Shard.First] }
	c := &Chunk{Pixels: b.Pixels, release: func() { b.Release(); r.gate.Leave() }}
	for _, o := range b.Images {
		c.Items = append(c.Items, at(o))
	}
	for _, o := range b.Rejected {
		c.Rejected = append(c.Rejected, Rejected{at(o), *o.Reject})
	}
	return c
}

// order sorts the images of a batch, pixels of imageLen bytes with them, and
// its rejects by row.
func order(b *pipeline.Batch, imageLen int) {
	byRow := func(x, y pipeline.Outcome) int { return int(x.Number - y.Number) }
	slices.SortFunc(b.Rejected, byRow)
	if slices.IsSortedFunc(b.Images, byRow) {
		return
	}
	from := make([]int, len(b.Images)) // where the image of each place lies
	for i := range from {
		from[i] = i
	}
	slices.SortFunc(from, func(x, y int) int { return byRow(b.Images[x], b.Images[y]) })
	rearrange(b.Pixels, from, imageLen)
	slices.SortFunc(b.Images, byRow)
}

// rearrange moves block from[i] of size bytes to place i, for every i. It uses
// from up.
func rearrange(blocks []uint8, from []int, size int) {
	at := func(i int) []uint8 { return blocks[i*size:][:size] }
	lifted := make([]uint8, size)
	for first := range from {
		if from[first] == first {
			continue
		}
		copy(lifted, at(first))
		i := first
		for from[i] != first {
			next := from[i]
			copy(at(i), at(next))
			from[i], i = i, next
		}
		copy(at(i), lifted)
		from[i] = i
	}
}

// augment changes all images of a chunk, several at once.
func (r *run) augment(c *Chunk) {
	if r.Augment == nil {
		return
	}
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(r.Workers, len(c.Items)) {
		workers.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(c.Items); i = int(next.Add(1)) - 1 {
				r.Augment(c.Items[i].Row.Number, c.Items[i].Position, c.Pixels[i*r.imageLen():][:r.imageLen()])
			}
		})
	}
	workers.Wait()
}
