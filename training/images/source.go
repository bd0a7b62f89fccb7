package images

import (
	"context"
	"iter"
	"sync"

	"github.com/sdl-batch/sdl-batch/pipeline"
)

// source sends the items as rows of a manifest: each chunk is a shard, and a
// row's number is its item's place in the stream.
type source struct {
	run   *run
	items iter.Seq2[Item, error]
}

// Run implements pipeline.Source.
func (s source) Run(ctx context.Context, out chan<- pipeline.Row) error {
	chunk, index := make([]Item, 0, s.run.ChunkSize), 0
	for item, err := range s.items {
		if err != nil {
			return err
		}
		if chunk = append(chunk, item); len(chunk) < s.run.ChunkSize {
			continue
		}
		if err := s.send(ctx, chunk, index, out); err != nil {
			return err
		}
		chunk, index = make([]Item, 0, s.run.ChunkSize), index+1
	}
	return s.send(ctx, chunk, index, out)
}

// send lets a chunk in and sends its rows.
func (s source) send(ctx context.Context, chunk []Item, index int, out chan<- pipeline.Row) error {
	if len(chunk) == 0 {
		return nil
	}
	if err := s.run.gate.Enter(ctx); err != nil {
		return err
	}
	first := int64(index) * int64(s.run.ChunkSize)
	shard := pipeline.Shard{Index: index, First: first, Rows: int64(len(chunk))}
	s.run.keep(index, chunk)
	for i, item := range chunk {
		row := pipeline.Row{Shard: shard, Number: first + int64(i), URI: item.Row.URI}
		if err := pipeline.Send(ctx, out, row); err != nil {
			return err
		}
	}
	return nil
}

// pending holds the items of the chunks on their way.
type pending struct {
	mu   sync.Mutex
	open map[int][]Item // by chunk
}

func (p *pending) keep(chunk int, all []Item) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open[chunk] = all
}

// take returns the items of a chunk and forgets them.
func (p *pending) take(chunk int) []Item {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := p.open[chunk]
	delete(p.open, chunk)
	return all
}
