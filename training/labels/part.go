package labels

import (
	"context"
	"fmt"
	"iter"
)

// Part is a part of a set, its rows in the file's order. It is safe for
// concurrent use until the set is closed.
type Part struct {
	rows  *scratch // of the whole set
	index *scratch // an entry for each row; nil where there is none
	len   int64
}

// Len returns the number of rows.
func (p *Part) Len() int64 { return p.len }

// Row reads row i of the part, 0 to Len-1. The slices are the caller's.
func (p *Part) Row(i int64) (Row, error) {
	if i < 0 || i >= p.len {
		return Row{}, fmt.Errorf("row %d of a part of %d", i, p.len)
	}
	var entry [entryBytes]byte
	if err := p.index.readAt(entry[:], i*entryBytes); err != nil {
		return Row{}, err
	}
	at, length := decodeEntry(entry)
	record := make([]byte, length)
	if err := p.rows.readAt(record, at); err != nil {
		return Row{}, err
	}
	return decodeRow(record)
}

// Rows yields every row in order. It ends with the first error, ctx's cause
// among them.
func (p *Part) Rows(ctx context.Context) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		for i := range p.len {
			if ctx.Err() != nil {
				yield(Row{}, context.Cause(ctx))
				return
			}
			row, err := p.Row(i)
			if !yield(row, err) || err != nil {
				return
			}
		}
	}
}
