package loop

import (
	"context"

	"github.com/sdl-batch/sdl-batch/training/labels"
)

// Table holds the features of images; features.Table does.
type Table interface {
	Len() int64
	At(i int64, features []float32) (labels.Row, error)
}

// Features is a Source that reads what the net's stages made of the images.
type Features struct {
	Table Table
	Size  int // F
	Seed  uint64
	Batch int // images
}

// Run implements Source.
func (f *Features) Run(ctx context.Context, from int64, each func(context.Context, *Batch) error) error {
	s := newSequence(f.Table.Len(), f.Seed)
	b := &Batch{Features: make([]float32, f.Batch*f.Size), Next: from}
	for {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		b.Rows = b.Rows[:0]
		for i := range f.Batch {
			row, err := f.Table.At(s.at(b.Next), b.Features[i*f.Size:][:f.Size])
			if err != nil {
				return err
			}
			b.Rows = append(b.Rows, row)
			b.Next++
		}
		if err := each(ctx, b); err != nil {
			return err
		}
	}
}
