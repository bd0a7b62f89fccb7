package loop

import (
	"context"
	"iter"

	"github.com/sdl-batch/sdl-batch/training/images"
	"github.com/sdl-batch/sdl-batch/training/labels"
)

// Pixels is a Source that reads and decodes images as it goes.
type Pixels struct {
	Stream *images.Stream
	Part   *labels.Part
	Seed   uint64
	Batch  int // images
	// Rejected, where not nil, is told at once of each image that is passed over,
	// and how many of the present pass were, by code. Its error ends the source.
	Rejected func(r Rejected, codes map[string]int64) error
}

// Run implements Source.
func (p *Pixels) Run(ctx context.Context, from int64, each func(context.Context, *Batch) error) error {
	side := p.Stream.Spec.Size
	g := &gatherer{
		n: p.Part.Len(), imageLen: side * side * 3, size: p.Batch, each: each, told: p.Rejected, good: from - 1, pass: -1,
		batch: Batch{Pixels: make([]uint8, p.Batch*side*side*3)},
	}
	err := p.Stream.Run(ctx, p.items(from), func(ctx context.Context, c *images.Chunk) error {
		g.err = g.take(ctx, c)
		return g.err
	})
	if g.err != nil {
		return g.err // without the stream's words
	}
	return err
}

// items is the sequence from a place on.
func (p *Pixels) items(from int64) iter.Seq2[images.Item, error] {
	return func(yield func(images.Item, error) bool) {
		s := newSequence(p.Part.Len(), p.Seed)
		for place := from; ; place++ {
			row, err := p.Part.Row(s.at(place))
			if !yield(images.Item{Position: place, Row: row}, err) || err != nil {
				return
			}
		}
	}
}

// gatherer cuts chunks into batches.
type gatherer struct {
	n        int64 // rows of the set
	imageLen int
	size     int
	each     func(context.Context, *Batch) error
	batch    Batch
	told     func(Rejected, map[string]int64) error
	good     int64            // place of the last image, at first that before the source's
	pass     int64            // that codes counts
	codes    map[string]int64 // rejects of the pass
	err      error            // that ended it
}

func (g *gatherer) take(ctx context.Context, c *images.Chunk) error {
	defer c.Release()
	rejected := c.Rejected
	for i, item := range c.Items {
		for len(rejected) > 0 && rejected[0].Position < item.Position {
			if err := g.reject(rejected[0]); err != nil {
				return err
			}
			rejected = rejected[1:]
		}
		copy(g.batch.Pixels[len(g.batch.Rows)*g.imageLen:], c.Pixels[i*g.imageLen:][:g.imageLen])
		g.batch.Rows = append(g.batch.Rows, item.Row)
		g.good = item.Position
		if err := g.flush(ctx); err != nil {
			return err
		}
	}
	for _, r := range rejected {
		if err := g.reject(r); err != nil {
			return err
		}
		if (r.Position+1)%g.n == 0 && r.Position-g.good >= g.n { // the end of a pass without any
			return noImages(g.batch.Rejected[len(g.batch.Rejected)-1])
		}
	}
	return nil
}

func (g *gatherer) reject(r images.Rejected) error {
	passed := Rejected{URI: r.Row.URI, Reject: r.Reject}
	g.batch.Rejected = append(g.batch.Rejected, passed)
	if pass := r.Position / g.n; pass != g.pass {
		g.pass, g.codes = pass, map[string]int64{}
	}
	g.codes[r.Stage+"/"+r.Code]++
	if g.told == nil {
		return nil
	}
	return g.told(passed, g.codes)
}

// flush hands a full batch over.
func (g *gatherer) flush(ctx context.Context) error {
	if len(g.batch.Rows) < g.size {
		return nil
	}
	g.batch.Next = g.good + 1
	err := g.each(ctx, &g.batch)
	g.batch.Rows, g.batch.Rejected = g.batch.Rows[:0], nil
	return err
}
