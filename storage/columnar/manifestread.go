package columnar

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
)

// ManifestReader reads the rows of a manifest, one after the other.
type ManifestReader struct {
	ctx     context.Context // of Read
	file    *ManifestFile
	columns []*manifestColumn
	left    int64 // rows not decoded yet
	next    int   // of the rows that are
	decoded int
}

// manifestColumn is one column and its values in the rows that are decoded.
type manifestColumn struct {
	reader *pqarrow.ColumnReader
	values []string
}

// open starts reading columns at the begin of a row group.
func (r *ManifestReader) open(columns []int, group int) error {
	groups := make([]int, 0, len(r.file.groups)-group)
	for g := group; g < len(r.file.groups); g++ {
		groups = append(groups, g)
	}
	for _, c := range columns {
		leaf := r.file.source.arrow.Manifest.Fields[c].ColIndex
		reader, err := r.file.source.arrow.GetFieldReader(r.ctx, c, map[int]bool{leaf: true}, groups)
		if err != nil {
			return corrupt(err)
		}
		r.columns = append(r.columns, &manifestColumn{reader: reader})
	}
	return nil
}

// skip leaves out rows of the group that reading begins with: it seeks where it
// can, else it decodes them.
func (r *ManifestReader) skip(columns []int, group int, rows int64) error {
	if rows > 0 && r.seekable(columns, group) {
		for _, c := range r.columns {
			if err := c.reader.SeekToRow(rows); err != nil {
				return corrupt(err)
			}
		}
		r.left -= rows
		return nil
	}
	for rows > 0 {
		n := min(rows, readRows)
		if err := r.decode(n); err != nil {
			return err
		}
		rows -= n
	}
	r.next = r.decoded
	return nil
}

// seekable tells whether the library can go to the page of a row: each column has
// an index of its pages, without which it would read what lies before, too, and
// says where its dictionary is, if it has one. parquet-mr did not until 1.12
// (PARQUET-1850), and the library would not find it.
func (r *ManifestReader) seekable(columns []int, group int) bool {
	meta := r.file.source.file.MetaData().RowGroup(group)
	for _, c := range columns {
		leaf := r.file.source.arrow.Manifest.Fields[c].ColIndex
		chunk, err := meta.ColumnChunk(leaf)
		if err != nil || chunk.GetOffsetIndexLocation() == nil || !chunk.HasDictionaryPage() && slices.ContainsFunc(chunk.Encodings(), ofDictionary) {
			return false
		}
	}
	return true
}

func ofDictionary(e parquet.Encoding) bool {
	return e == parquet.Encodings.RLEDict || e == parquet.Encodings.PlainDict
}

// Next returns the next row's values, by column; "" for null. They are the
// caller's. It is io.EOF behind the last row.
func (r *ManifestReader) Next() (row []string, err error) {
	if r.next == r.decoded {
		if r.left == 0 {
			return nil, io.EOF
		}
		if err := r.load(); err != nil {
			return nil, err
		}
	}
	row = make([]string, len(r.columns))
	for i, c := range r.columns {
		row[i] = c.values[r.next]
	}
	r.next++
	return row, nil
}

// load decodes the next rows.
func (r *ManifestReader) load() (err error) {
	defer r.file.broken(&err)
	defer recovered(&err)
	return r.decode(min(r.left, readRows))
}

func (r *ManifestReader) decode(rows int64) error {
	if r.ctx.Err() != nil {
		return context.Cause(r.ctx)
	}
	for _, c := range r.columns {
		if err := c.decode(rows); err != nil {
			return err
		}
	}
	r.left -= rows
	r.next, r.decoded = 0, int(rows)
	return nil
}

func (c *manifestColumn) decode(rows int64) error {
	clear(c.values)
	c.values = c.values[:0]
	batch, err := c.reader.NextBatch(rows)
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return corrupt(err)
	}
	defer batch.Release()
	for _, chunk := range batch.Chunks() {
		value, err := plainText(chunk)
		if err != nil {
			return corrupt(err)
		}
		for i := range chunk.Len() {
			c.values = append(c.values, value(i))
		}
	}
	if int64(len(c.values)) != rows {
		return corrupt(fmt.Errorf("column %q ends before the rows that the footer counts", c.reader.Field().Name))
	}
	return nil
}

// Close frees memory.
func (r *ManifestReader) Close() (err error) {
	defer recovered(&err)
	for _, c := range r.columns {
		c.reader.Release()
	}
	r.columns, r.left, r.next, r.decoded = nil, 0, 0, 0
	return nil
}
