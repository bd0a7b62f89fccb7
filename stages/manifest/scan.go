package manifest

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/plain"
)

// ErrEmpty says that a manifest names no image.
var ErrEmpty = errors.New("manifest has no rows")

// Opener reads objects. *storage.Bucket does.
type Opener interface {
	NewReader(ctx context.Context, key string) (*storage.Reader, error)
	NewRangeReader(ctx context.Context, key string, offset, length int64) (*storage.Reader, error)
	OpenAt(ctx context.Context, key string) (*storage.ReaderAt, error)
}

// File is a manifest and how it is read.
type File struct {
	Bucket  Opener
	Key     string
	Format  Format
	Columns Columns
}

// Start is where a shard begins.
type Start struct {
	First  int64 // row
	Rows   int64
	Offset int64 // byte of the text, without its compression; 0 in Parquet
	Line   int64 // from 1; 0 in Parquet
}

// Index is what a scan learns of a manifest.
type Index struct {
	Rows        int64
	Attrs       storage.Attrs // of the file that was read
	SHA256      string        // of the file's bytes, as they are stored
	Compression string        // "gzip", "zstd" or ""
	Header      []string      // names of the columns that rows are read by, for Source; nil for text and Parquet
	Starts      []Start       // one a shard
}

// Scan reads a whole manifest and cuts it into shards of shardRows rows, the
// last one shorter. It needs memory for the index only. A manifest without rows
// is ErrEmpty, one without the wanted columns ErrColumn, one of another format
// ErrFormat.
func Scan(ctx context.Context, f File, shardRows int64) (Index, error) {
	r, err := f.Bucket.NewReader(ctx, f.Key)
	if err != nil {
		return Index{}, err
	}
	defer r.Close()
	sum := &digest{r: r, sum: sha256.New(), ctx: ctx}
	index := Index{Attrs: r.Attrs()}
	if err := f.scan(ctx, sum, shardRows, &index); err != nil {
		return Index{}, err
	}
	if _, err := io.Copy(io.Discard, sum); err != nil {
		return Index{}, err
	}
	index.SHA256, index.Attrs.Size = sum.hex(), sum.n
	return index, nil
}

func (f File) scan(ctx context.Context, r io.Reader, shardRows int64, index *Index) error {
	in := bufio.NewReaderSize(r, 64<<10)
	if f.Format != Parquet {
		return f.scanText(in, shardRows, index)
	}
	head, err := peek(in)
	if err == nil {
		err = sniffParquet(head)
	}
	if err != nil {
		return err
	}
	if err := f.cut(ctx, shardRows, index); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, in)
	return err
}

// scanText goes over the rows of a manifest that is text, compressed or not.
func (f File) scanText(r io.Reader, shardRows int64, index *Index) error {
	text, err := plain.NewReader(r)
	if err != nil {
		return err
	}
	defer text.Close()
	index.Compression = text.Compression()
	in := bufio.NewReaderSize(text, maxURI+spare)
	head, err := peek(in)
	if err == nil {
		err = sniffText(head, f.Format, index.Compression)
	}
	if err != nil {
		return err
	}
	rows, err := begin(in, f.Format, f.Columns)
	if err != nil {
		return err
	}
	switch err := index.fill(rows, shardRows); {
	case errors.Is(err, ErrColumn): // of all rows
		return err
	case err != nil:
		return fmt.Errorf("row %d: %w", index.Rows, err)
	}
	index.Header = rows.header()
	return index.check()
}

// peek returns the bytes that a format is told by.
func peek(in *bufio.Reader) ([]byte, error) {
	head, err := in.Peek(sniffed)
	if err == io.EOF {
		err = nil
	}
	return head, err
}

// maxShards bounds the index, and the number of files a run may have.
const maxShards = 1_000_000

func errShards(shardRows int64) error {
	return fmt.Errorf("over %d shards of %d rows: give more rows a shard: %w", maxShards, shardRows, storage.ErrTooLarge)
}

// fill notes where the shards of a manifest begin.
func (x *Index) fill(rows records, shardRows int64) error {
	for {
		at, err := rows.advance()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if x.Rows%shardRows == 0 && len(x.Starts) == maxShards {
			return errShards(shardRows)
		}
		if x.Rows%shardRows == 0 {
			x.Starts = append(x.Starts, Start{First: x.Rows, Offset: at.offset, Line: at.line})
		}
		x.Starts[len(x.Starts)-1].Rows++
		x.Rows++
	}
}

func (x *Index) check() error {
	if x.Rows == 0 {
		return ErrEmpty
	}
	return nil
}

// cut divides the rows of a Parquet manifest, having tried to read the first.
func (f File) cut(ctx context.Context, shardRows int64, index *Index) error {
	p, err := openParquet(ctx, f)
	if err != nil {
		return err
	}
	defer p.close()
	if pinned(p.object.Attrs(), index.Attrs) != nil {
		return errMeanwhile
	}
	rows, err := p.from(ctx, 0)
	if err != nil {
		return err
	}
	if _, err := rows.advance(); err != nil && err != io.EOF {
		return err
	}
	if index.Rows = p.file.Rows; index.Rows > maxShards*shardRows {
		return errShards(shardRows)
	}
	for first := int64(0); first < index.Rows; first += shardRows {
		index.Starts = append(index.Starts, Start{First: first, Rows: min(shardRows, index.Rows-first)})
	}
	return index.check()
}
