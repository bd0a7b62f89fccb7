package arrowfile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
)

// Cells are the values of some rows of a column, one behind the other. A row of a
// list has its elements or, if it is empty or null, one nil.
type Cells struct {
	Values     []any   // nil: null, or no element
	Repetition []int32 // 0 where a row begins, else 1
	Definition []int32 // the column's Levels for a value, less one for a list that is empty, 0 for null
}

func (c *Cells) add(value any, repetition, definition int32) {
	c.Values = append(c.Values, value)
	c.Repetition = append(c.Repetition, repetition)
	c.Definition = append(c.Definition, definition)
}

// cursor is a place in a column.
type cursor struct {
	batch int // next one to load
	chunk *chunk
	row   int64 // next one of the chunk
}

// chunk is a column's part of a record batch.
type chunk struct {
	rows     int64
	validity []byte // a bit a row; nil: no row is null
	offsets  []byte // of a list's elements, rows+1 of them; nil: no list
	values
}

// Read returns the next n rows of a column.
func (f *File) Read(column, n int) (Cells, error) {
	var out Cells
	c, at := f.Columns[column], &f.cursors[column]
	for left := int64(n); left > 0; {
		if at.chunk == nil || at.row == at.chunk.rows {
			if at.batch == len(f.batches) {
				return out, fmt.Errorf("column %s ends %d rows early", c.Path, left)
			}
			var err error
			if at.chunk, err = f.load(c, &f.batches[at.batch]); err != nil {
				return out, fmt.Errorf("column %s: record batch %d: %w", c.Path, at.batch, err)
			}
			at.batch, at.row = at.batch+1, 0
		}
		take := min(left, at.chunk.rows-at.row)
		for range take {
			at.chunk.cells(&out, c, at.row)
			at.row++
		}
		left -= take
	}
	return out, nil
}

// cells appends the cells of a row.
func (k *chunk) cells(out *Cells, c Column, row int64) {
	if k.validity != nil && k.validity[row/8]>>(row%8)&1 == 0 {
		out.add(nil, 0, 0)
		return
	}
	if !c.list {
		out.add(k.value(row), 0, c.Levels)
		return
	}
	from, to := k.offset(row), k.offset(row+1)
	if from == to {
		out.add(nil, 0, c.Levels-1)
	}
	for i := from; i < to; i++ {
		out.add(k.value(i), int32(min(i-from, 1)), c.Levels)
	}
}

func (k *chunk) offset(i int64) int64 {
	return int64(int32(binary.LittleEndian.Uint32(k.offsets[4*i:])))
}

// load reads a column's buffers of a batch and checks that they hold what the
// batch's head counts.
func (f *File) load(c Column, b *batch) (*chunk, error) {
	k := &chunk{rows: b.rows}
	first, elements := c.buffer, b.nodes[c.nodes[len(c.nodes)-1]].length
	if c.list {
		first = c.offsets
	}
	var err error
	if k.validity, err = f.validity(b, first, b.nodes[c.nodes[0]]); err != nil {
		return nil, err
	}
	if c.list && b.rows > 0 {
		if k.offsets, err = b.buffer(f.r, c.offsets+1); err != nil {
			return nil, err
		}
		if err := checkOffsets(k.offsets, b.rows, elements); err != nil {
			return nil, fmt.Errorf("lists: %w", err)
		}
	}
	k.values, err = f.values(c, b, elements)
	return k, err
}

// validity reads the bits that tell null from value; they may be left out where
// nothing is null.
func (f *File) validity(b *batch, number int, n node) ([]byte, error) {
	if n.nulls == 0 {
		return nil, nil
	}
	data, err := b.buffer(f.r, number)
	if err != nil {
		return nil, err
	}
	if int64(len(data)) < (n.length+7)/8 {
		return nil, fmt.Errorf("%d bytes of validity for %d values", len(data), n.length)
	}
	var valid int64
	for i := range n.length / 8 {
		valid += int64(bits.OnesCount8(data[i]))
	}
	if rest := n.length % 8; rest > 0 {
		valid += int64(bits.OnesCount8(data[n.length/8] & (1<<rest - 1)))
	}
	if valid != n.length-n.nulls {
		return nil, fmt.Errorf("%d of %d values are there, %d are said to be null", valid, n.length, n.nulls)
	}
	return data, nil
}

// checkOffsets checks that n+1 offsets begin at 0, never fall and end at end.
func checkOffsets(offsets []byte, n, end int64) error {
	if int64(len(offsets)) < 4*(n+1) {
		return fmt.Errorf("%d bytes of offsets for %d", len(offsets), n)
	}
	last := int64(0)
	for i := range n + 1 {
		at := int64(int32(binary.LittleEndian.Uint32(offsets[4*i:])))
		if at < last || i == 0 && at != 0 {
			return fmt.Errorf("offset %d is %d after %d", i, at, last)
		}
		last = at
	}
	if last != end {
		return errors.New("offsets do not end where the values do")
	}
	return nil
}
