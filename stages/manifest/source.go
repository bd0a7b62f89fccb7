package manifest

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/sdl-batch/sdl-batch/pipeline"
	"github.com/sdl-batch/sdl-batch/storage"
)

// Opener reads a manifest file. *storage.Bucket does; Key names the file.
type Opener interface {
	NewReader(ctx context.Context, key string) (*storage.Reader, error)
	NewRangeReader(ctx context.Context, key string, offset, length int64) (*storage.Reader, error)
}

// Task is a shard to read and where it lies.
type Task struct {
	Shard  pipeline.Shard
	Offset int64
	Line   int64
}

// Source sends the rows of some shards, shard by shard.
type Source struct {
	Bucket  Opener
	Key     string
	Pinned  storage.Attrs // version and size that the plan saw
	Format  Format
	Columns Columns
	Tasks   []Task
	Gate    pipeline.Gate
	Meter   *pipeline.Meter
}

// Run implements pipeline.Source. A manifest that is not the planned one is
// storage.ErrChanged.
func (s *Source) Run(ctx context.Context, out chan<- pipeline.Row) error {
	header, err := s.header(ctx)
	if err != nil {
		return err
	}
	for _, t := range s.Tasks {
		if err := s.Gate.Enter(ctx); err != nil {
			return err
		}
		if err := s.shard(ctx, t, header, out); err != nil {
			return fmt.Errorf("shard %d: %w", t.Shard.Index, err)
		}
	}
	return nil
}

func (s *Source) header(ctx context.Context) ([]string, error) {
	r, err := s.Bucket.NewReader(ctx, s.Key)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	if err := pinned(r.Attrs(), s.Pinned); err != nil {
		return nil, err
	}
	return readHeader(r, s.Format, s.Columns)
}

func (s *Source) shard(ctx context.Context, t Task, header []string, out chan<- pipeline.Row) error {
	start := time.Now()
	r, err := s.Bucket.NewRangeReader(ctx, s.Key, t.Offset, -1)
	if err != nil {
		return err
	}
	defer r.Close()
	if err := pinned(r.Attrs(), s.Pinned); err != nil {
		return err
	}
	rows, err := open(r, s.Format, s.Columns, header, t.Offset, t.Line)
	if err != nil {
		return err
	}
	if t.Offset == 0 && s.Format != Text {
		return fmt.Errorf("a csv shard cannot begin at the header: %w", storage.ErrInvalid)
	}
	for i := range t.Shard.Rows {
		rec, err := rows.next()
		if err == io.EOF {
			return fmt.Errorf("the manifest ends before row %d: %w", t.Shard.First+i, storage.ErrChanged)
		}
		if err != nil {
			return err
		}
		if err := pipeline.Send(ctx, out, row(t.Shard, t.Shard.First+i, rec)); err != nil {
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
