package manifest

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/sdl-batch/sdl-batch/pipeline"
	"github.com/sdl-batch/sdl-batch/storage"
)

// Task is a shard to read and where it lies: in the text, or in the rows that the
// run keeps. In Parquet its first row tells.
type Task struct {
	Shard  pipeline.Shard
	Offset int64
	Line   int64
	Frame  int64 // byte of the kept rows where its frame begins
	End    int64 // and ends
}

// Source sends the rows of some shards, shard by shard.
type Source struct {
	File
	Pinned storage.Attrs // version and size that the plan saw
	Header []string      // as the index has it
	Kept   *KeptRows     // of a compressed manifest, else nil
	Tasks  []Task
	Gate   pipeline.Gate
	Meter  *pipeline.Meter
}

// Run implements pipeline.Source. A manifest that is not the planned one is
// storage.ErrChanged; kept rows that are not as Keep wrote them are ErrKept.
func (s *Source) Run(ctx context.Context, out chan<- pipeline.Row) error {
	shards, err := s.shards(ctx)
	if err != nil {
		return err
	}
	defer shards.close()
	for _, t := range s.Tasks {
		if err := s.Gate.Enter(ctx); err != nil {
			return err
		}
		if err := s.send(ctx, shards, t, out); err != nil {
			return fmt.Errorf("shard %d: %w", t.Shard.Index, err)
		}
	}
	return nil
}

func (s *Source) send(ctx context.Context, shards shards, t Task, out chan<- pipeline.Row) error {
	start := time.Now()
	rows, err := shards.open(ctx, t)
	if err != nil {
		return err
	}
	for i := range t.Shard.Rows {
		_, err := rows.advance()
		if err == io.EOF {
			err = fmt.Errorf("the manifest ends before row %d: %w", t.Shard.First+i, storage.ErrChanged)
		}
		if err != nil {
			return shards.explain(err)
		}
		if err := pipeline.Send(ctx, out, row(t.Shard, t.Shard.First+i, rows.record())); err != nil {
			return err
		}
	}
	s.Meter.Add(int(t.Shard.Rows), 0, start)
	return nil
}

func row(shard pipeline.Shard, number int64, rec record) pipeline.Row {
	r := pipeline.Row{Shard: shard, Number: number, URI: rec.uri, Carried: rec.carried, Invalid: rec.invalid}
	if rec.invalid != nil {
		r.URI = readable(rec.uri)
	}
	return r
}
