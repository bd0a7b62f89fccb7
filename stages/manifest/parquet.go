package manifest

import (
	"context"
	"errors"
	"fmt"

	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/columnar"
)

// parquetFile is an open manifest in Parquet.
type parquetFile struct {
	object  *storage.ReaderAt
	file    *columnar.ManifestFile
	columns []int // of the URI, then the carried ones
}

// openParquet opens a Parquet manifest and finds the wanted columns.
func openParquet(ctx context.Context, f File) (*parquetFile, error) {
	object, err := f.Bucket.OpenAt(ctx, f.Key)
	if err != nil {
		return nil, err
	}
	p := &parquetFile{object: object}
	if p.file, err = columnar.OpenManifest(object, object.Size()); err != nil {
		return nil, errors.Join(parquetError(err), object.Close())
	}
	at, err := f.Columns.find(p.file.Columns)
	if err != nil {
		return nil, errors.Join(err, object.Close())
	}
	p.columns = append([]int{at.uri}, at.carried...)
	return p, nil
}

// from returns the rows from one on.
func (p *parquetFile) from(ctx context.Context, row int64) (*parquetRecords, error) {
	rows, err := p.file.Read(ctx, p.columns, row)
	if err != nil {
		return nil, parquetError(err)
	}
	return &parquetRecords{rows: rows, next: row}, nil
}

func (p *parquetFile) close() error { return p.object.Close() }

// parquetError words the errors of the library for those who made the file.
func parquetError(err error) error {
	switch {
	case errors.Is(err, columnar.ErrColumnType):
		return fmt.Errorf("%w: %w", ErrColumn, err)
	case errors.Is(err, columnar.ErrRoom):
		return fmt.Errorf("the Parquet file has values that are too long, or is broken: %w: %w", err, storage.ErrInvalid)
	case errors.Is(err, columnar.ErrCorrupt):
		return fmt.Errorf("the Parquet file is broken: %w: %w", err, storage.ErrInvalid)
	}
	return err
}

// parquetRecords reads rows of Parquet. Each row of the file is one, also one
// without a name.
type parquetRecords struct {
	rows *columnar.ManifestReader
	next int64
	row  []string
}

func (p *parquetRecords) advance() (_ position, err error) {
	p.row, err = p.rows.Next()
	p.next++
	return position{}, parquetError(err)
}

func (p *parquetRecords) record() record {
	rec := record{uri: p.row[0], invalid: check(p.row[0])}
	for _, value := range p.row[1:] {
		rec.carried = append(rec.carried, readableField(value))
	}
	return rec
}

func (p *parquetRecords) header() []string { return nil }
