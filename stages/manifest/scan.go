package manifest

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/sdl-batch/sdl-batch/storage"
)

// ErrEmpty says that a manifest names no image.
var ErrEmpty = errors.New("manifest has no rows")

var errNoRows = ErrEmpty

// Start is where a shard begins.
type Start struct {
	First  int64 // row
	Rows   int64
	Offset int64 // byte
	Line   int64 // from 1
}

// Index is what a scan learns of a manifest.
type Index struct {
	Rows   int64
	SHA256 string
	Size   int64
	Starts []Start // one a shard
}

// Scan reads a whole manifest and cuts it into shards of shardRows rows, the
// last one shorter. It needs memory for the index only. ErrEmpty is returned
// for a manifest without rows.
func Scan(ctx context.Context, r io.Reader, format Format, columns Columns, shardRows int64) (Index, error) {
	counted := &digest{r: r, sum: sha256.New(), ctx: ctx}
	in := bufio.NewReaderSize(counted, 64<<10)
	head, err := in.Peek(512)
	if err != nil && err != io.EOF {
		return Index{}, err
	}
	if err := sniff(head); err != nil {
		return Index{}, err
	}
	index, err := scan(in, format, columns, shardRows)
	if err != nil {
		return Index{}, err
	}
	if _, err := io.Copy(io.Discard, in); err != nil {
		return Index{}, err
	}
	index.SHA256, index.Size = hex.EncodeToString(counted.sum.Sum(nil)), counted.n
	return index, nil
}

func scan(in io.Reader, format Format, columns Columns, shardRows int64) (Index, error) {
	rows, err := open(in, format, columns, nil, 0, 1)
	if err != nil {
		return Index{}, err
	}
	var index Index
	for {
		rec, err := rows.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return Index{}, fmt.Errorf("row %d: %w", index.Rows, err)
		}
		if index.Rows%shardRows == 0 {
			index.Starts = append(index.Starts, Start{First: index.Rows, Offset: rec.offset, Line: rec.line})
		}
		index.Starts[len(index.Starts)-1].Rows++
		index.Rows++
	}
	if index.Rows == 0 {
		return Index{}, ErrEmpty
	}
	return index, nil
}

// digest hashes and counts what is read, and stops when its context ends.
type digest struct {
	ctx context.Context
	r   io.Reader
	sum hash.Hash
	n   int64
}

func (d *digest) Read(p []byte) (int, error) {
	if d.ctx.Err() != nil {
		return 0, context.Cause(d.ctx)
	}
	n, err := d.r.Read(p)
	d.sum.Write(p[:n])
	d.n += int64(n)
	return n, err
}

// readHeader returns the column names of a csv manifest; nil for text.
func readHeader(r io.Reader, format Format, columns Columns) ([]string, error) {
	if format == Text {
		return nil, nil
	}
	rows, err := open(r, format, columns, nil, 0, 1)
	if err != nil {
		return nil, err
	}
	return rows.(*csvRecords).header, nil
}

// pinned fails with storage.ErrChanged when a manifest is not the one planned.
func pinned(got, want storage.Attrs) error {
	if got.Size != want.Size || got.Version != want.Version {
		return fmt.Errorf("the manifest has changed since the run was planned (%d bytes, version %s; then %d bytes, version %s): %w",
			got.Size, got.Version, want.Size, want.Version, storage.ErrChanged)
	}
	return nil
}
