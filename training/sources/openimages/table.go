package openimages

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
)

// maxRow bounds a row, in bytes; a quote that is never closed would take the
// whole file for one field.
const maxRow = 1 << 20

// table reads a csv file row by row.
type table struct {
	name string
	in   *csv.Reader
	from *budget
}

func newTable(f File) *table {
	from := &budget{r: bufio.NewReader(f)}
	if head, _ := from.r.Peek(3); bytes.Equal(head, []byte("\xEF\xBB\xBF")) {
		_, _ = from.r.Discard(3)
	}
	in := csv.NewReader(from)
	in.FieldsPerRecord, in.ReuseRecord = -1, true
	return &table{name: f.Name, in: in, from: from}
}

// next returns the next row, which is valid until the one after it, or io.EOF.
// Errors of reading stay what they are.
func (t *table) next() ([]string, error) {
	t.from.left = maxRow
	row, err := t.in.Read()
	if err == nil || err == io.EOF {
		return row, err
	}
	if t.from.err != nil {
		return nil, t.from.err
	}
	var at *csv.ParseError
	if errors.As(err, &at) {
		return nil, fmt.Errorf("%w: %s, line %d: %w", ErrInvalid, t.name, at.StartLine, at.Err)
	}
	return nil, fmt.Errorf("%w: %s: after line %d: %w", ErrInvalid, t.name, t.line(), err)
}

// line is the number of the row last read, from 1.
func (t *table) line() int {
	line, _ := t.in.FieldPos(0)
	return line
}

func (t *table) invalid(format string, args ...any) error {
	return fmt.Errorf("%w: %s, line %d: %w", ErrInvalid, t.name, t.line(), fmt.Errorf(format, args...))
}

var errRow = fmt.Errorf("a row of more than %d bytes", maxRow)

// budget bounds what is read for one row.
type budget struct {
	r    *bufio.Reader
	left int
	err  error // how reading the file failed
}

func (b *budget) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errRow
	}
	n, err := b.r.Read(p)
	b.left -= n
	if err != nil && err != io.EOF {
		b.err = err
	}
	return n, err
}
