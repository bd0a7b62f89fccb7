package features

import (
	"context"
	"fmt"
	"io"
	"iter"

	"github.com/sdl-batch/sdl-batch/storage/columnar"
	"github.com/sdl-batch/sdl-batch/training/images"
	"github.com/sdl-batch/sdl-batch/training/labels"
)

// Embedder computes features out [n,F] of n images, pixels [n,S,S,3].
type Embedder interface {
	Embed(ctx context.Context, pixels []uint8, n int, out []float32) error
}

// Computer computes the features of images.
type Computer struct {
	Stream   *images.Stream
	Embedder Embedder
	Size     int // F
	// Done is called after each chunk; nil: not.
	Done func(images int, rejected []images.Rejected)
}

// Write writes the features of a part's images to w, in the part's order.
// Images that cannot be had have no row.
func (c *Computer) Write(ctx context.Context, w io.Writer, part *labels.Part, metadata map[string]string) error {
	table, err := columnar.NewEmbeddingWriter(w, 1, c.Size, columnar.Options{Metadata: metadata})
	if err != nil {
		return fmt.Errorf("features: %w", err)
	}
	var room []float32
	err = c.Stream.Run(ctx, items(ctx, part), func(ctx context.Context, chunk *images.Chunk) error {
		defer chunk.Release()
		n := len(chunk.Items)
		if n > 0 {
			if len(room) < n*c.Size {
				room = make([]float32, n*c.Size)
			}
			if err := c.Embedder.Embed(ctx, chunk.Pixels, n, room); err != nil {
				return err
			}
		}
		for i, item := range chunk.Items {
			if err := table.Append(item.Row.Number, item.Row.URI, room[i*c.Size:][:c.Size]); err != nil {
				return err
			}
		}
		if c.Done != nil {
			c.Done(n, chunk.Rejected)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return table.Close()
}

func items(ctx context.Context, part *labels.Part) iter.Seq2[images.Item, error] {
	return func(yield func(images.Item, error) bool) {
		place := int64(0)
		for row, err := range part.Rows(ctx) {
			if !yield(images.Item{Position: place, Row: row}, err) {
				return
			}
			place++
		}
	}
}
