package images

import (
	"context"

	"github.com/sdl-batch/sdl-batch/pipeline"
)

// arrange makes chunks of batches and sends them in order: each batch is one
// chunk, and those that overtook others wait here.
type arrange struct{ run *run }

// Run implements pipeline.Stage.
func (s arrange) Run(ctx context.Context, in <-chan *pipeline.Batch, out chan<- *Chunk) error {
	early := map[int]*pipeline.Batch{}
	for next := 0; ; {
		b, ok, err := pipeline.Recv(ctx, in)
		if err != nil || !ok {
			return err
		}
		early[b.Shard.Index] = b
		for ; early[next] != nil; next++ {
			chunk := s.run.chunk(early[next])
			delete(early, next)
			s.run.augment(chunk)
			if err := pipeline.Send(ctx, out, chunk); err != nil {
				return err
			}
		}
	}
}

// sink hands chunks to the receiver.
type sink struct {
	each func(context.Context, *Chunk) error
}

// Run implements pipeline.Sink.
func (s sink) Run(ctx context.Context, in <-chan *Chunk) error {
	for {
		chunk, ok, err := pipeline.Recv(ctx, in)
		if err != nil || !ok {
			return err
		}
		if err := s.each(ctx, chunk); err != nil {
			return err
		}
	}
}
