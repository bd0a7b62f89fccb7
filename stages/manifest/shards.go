package manifest

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/plain"
)

// shards opens the shards of one manifest.
type shards interface {
	// open returns the rows from a shard's first on, until the next call.
	open(ctx context.Context, t Task) (records, error)
	// explain says more of an error that the rows had.
	explain(error) error
	close()
}

func (s *Source) shards(ctx context.Context) (shards, error) {
	switch {
	case s.Format == Parquet:
		p, err := openParquet(ctx, s.File)
		if err != nil {
			return nil, err
		}
		if err := pinned(p.object.Attrs(), s.Pinned); err != nil {
			return nil, errors.Join(err, p.close())
		}
		return &parquetShards{file: p}, nil
	case s.Kept != nil:
		return &keptShards{source: s}, nil
	}
	return &textShards{source: s}, nil
}

// textShards reads a manifest of text, not compressed, from the shards' bytes on.
type textShards struct {
	source *Source
	closer io.Closer
}

func (s *textShards) open(ctx context.Context, t Task) (records, error) {
	s.close()
	r, err := s.source.Bucket.NewRangeReader(ctx, s.source.Key, t.Offset, -1)
	if err != nil {
		return nil, err
	}
	s.closer = r
	if err := pinned(r.Attrs(), s.source.Pinned); err != nil {
		return nil, err
	}
	return open(r, s.source.Format, s.source.Columns, s.source.Header, position{t.Offset, t.Line})
}

func (s *textShards) explain(err error) error { return err }

func (s *textShards) close() {
	if s.closer != nil {
		s.closer.Close()
		s.closer = nil
	}
}

// KeptRows is the object that Keep wrote.
type KeptRows struct {
	Bucket Opener
	Key    string
	Bytes  int64
}

// ErrKept says that the rows which a run keeps are not as they were written.
var ErrKept = errors.New("the manifest's rows that the run keeps are damaged")

// keptShards reads one frame a shard.
type keptShards struct {
	source *Source
	frame  *plain.Reader
	below  io.Closer
}

func (s *keptShards) open(ctx context.Context, t Task) (records, error) {
	s.close()
	kept := s.source.Kept
	r, err := kept.Bucket.NewRangeReader(ctx, kept.Key, t.Frame, t.End-t.Frame)
	if err != nil {
		return nil, s.explain(err)
	}
	s.below = r
	if r.Attrs().Size != kept.Bytes {
		return nil, fmt.Errorf("%w: %s has %d bytes, the plan says %d", ErrKept, kept.Key, r.Attrs().Size, kept.Bytes)
	}
	if s.frame, err = plain.NewReader(r); err != nil {
		return nil, s.explain(err)
	}
	return open(s.frame, s.source.Format, s.source.Columns, s.source.Header, position{t.Offset, t.Line})
}

func (s *keptShards) explain(err error) error {
	for _, damage := range []error{plain.ErrTruncated, plain.ErrDamaged, storage.ErrNotExist, storage.ErrChanged, storage.ErrInvalid} {
		if errors.Is(err, damage) {
			return fmt.Errorf("%w: %s: %w", ErrKept, s.source.Kept.Key, err)
		}
	}
	return err
}

func (s *keptShards) close() {
	if s.frame != nil {
		s.frame.Close()
	}
	if s.below != nil {
		s.below.Close()
	}
	s.frame, s.below = nil, nil
}

// parquetShards reads on where the last shard ended, or from a shard's first row.
type parquetShards struct {
	file *parquetFile
	rows *parquetRecords
}

func (s *parquetShards) open(ctx context.Context, t Task) (rows records, err error) {
	if s.rows != nil && s.rows.next == t.Shard.First {
		return s.rows, nil
	}
	s.closeRows()
	if s.rows, err = s.file.from(ctx, t.Shard.First); err != nil {
		return nil, err
	}
	return s.rows, nil
}

func (s *parquetShards) explain(err error) error { return err }

func (s *parquetShards) closeRows() {
	if s.rows != nil {
		s.rows.rows.Close()
		s.rows = nil
	}
}

func (s *parquetShards) close() {
	s.closeRows()
	s.file.close()
}
