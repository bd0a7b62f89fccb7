package columnar

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Sizes in bytes.
const (
	parquetTail      = 8       // length of the footer and the closing magic
	maxParquetFooter = 1 << 28 // some hundred thousand row groups of ours
)

// checkParquetFooter reads the footer of a Parquet file and goes over it before
// arrow-go does, which makes room for every list at the length that the list
// claims and descends into schemas as deep as they are, until the stack ends the
// process. What is no footer at all is left to arrow-go. It returns a reader of
// the file that has the footer in memory.
func checkParquetFooter(r io.ReaderAt, size int64) (io.ReaderAt, error) {
	var tail [parquetTail]byte
	if size <= parquetTail {
		return r, nil
	}
	if err := readFull(r, tail[:], size-parquetTail); err != nil {
		return nil, err
	}
	length := int64(binary.LittleEndian.Uint32(tail[:]))
	if string(tail[4:]) != "PAR1" || length > size-parquetTail {
		return r, nil
	}
	if length > maxParquetFooter {
		return nil, fmt.Errorf("a footer of %d MiB, over %d: write larger row groups", length>>20, maxParquetFooter>>20)
	}
	end := make([]byte, length, length+parquetTail)
	if err := readFull(r, end, size-parquetTail-length); err != nil {
		return nil, err
	}
	if err := checkFooter(end); err != nil {
		return nil, fmt.Errorf("footer: %w", err)
	}
	return withEnd{r, append(end, tail[:]...), size}, nil
}

// withEnd is a file whose end is in memory.
type withEnd struct {
	io.ReaderAt
	end  []byte
	size int64
}

// ReadAt implements io.ReaderAt.
func (w withEnd) ReadAt(p []byte, offset int64) (int, error) {
	at := offset - (w.size - int64(len(w.end)))
	if at < 0 || at > int64(len(w.end)) {
		return w.ReaderAt.ReadAt(p, offset)
	}
	n := copy(p, w.end[at:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// checkFooter goes over a FileMetaData of parquet.thrift.
func checkFooter(data []byte) error {
	const schema, children = 2, 5 // FileMetaData.schema, SchemaElement.num_children
	var open []int64              // columns to come at each level
	var below int64               // the element
	t := thrift{data: data}
	return t.structure(maxNesting, func(path []int16, value int64) error {
		if len(path) != 2 || path[0] != schema {
			return nil
		}
		switch path[1] {
		case children:
			below = value
		case ended:
			if open = deeper(open, below); len(open) > maxNesting {
				return fmt.Errorf("columns are nested more than %d deep", maxNesting)
			}
			below = 0
		}
		return nil
	})
}

// deeper takes an element with a number of others below it. Levels whose elements
// have all come are closed by the next one.
func deeper(open []int64, below int64) []int64 {
	for len(open) > 0 && open[len(open)-1] <= 0 {
		open = open[:len(open)-1]
	}
	if last := len(open) - 1; last >= 0 {
		open[last]--
	}
	if below > 0 {
		open = append(open, below)
	}
	return open
}

// thrift goes over data in Thrift's compact protocol, as its specification
// (thrift-compact-protocol.md) has it.
type thrift struct {
	data []byte
	path []int16 // ids of the fields that are open
}

// ended stands for a field's id where a structure ends.
const ended = -1

// Types of fields.
const (
	thriftTrue   = 1
	thriftFalse  = 2
	thriftByte   = 3
	thriftShort  = 4
	thriftLong   = 6
	thriftDouble = 7
	thriftBinary = 8
	thriftList   = 9
	thriftSet    = 10
	thriftMap    = 11
	thriftStruct = 12
)

var errThrift = errors.New("is cut short or damaged")

// structure goes over a structure. It calls each with the path of every number
// and, with ended, at the structure's end.
func (t *thrift) structure(nesting int, each func(path []int16, value int64) error) error {
	if nesting == 0 {
		return fmt.Errorf("structures are nested more than %d deep", maxNesting)
	}
	var id int16
	for {
		head, err := t.byte()
		if err != nil {
			return err
		}
		if head == 0 {
			return each(append(t.path, ended), 0)
		}
		if step := int16(head >> 4); step != 0 {
			id += step
		} else if v, err := t.number(); err != nil {
			return err
		} else {
			id = int16(v)
		}
		t.path = append(t.path, id)
		if err := t.value(head&15, nesting, each); err != nil {
			return err
		}
		t.path = t.path[:len(t.path)-1]
	}
}

// value goes over a field's value; that of a truth is in its type.
func (t *thrift) value(kind byte, nesting int, each func([]int16, int64) error) error {
	switch kind {
	case thriftTrue, thriftFalse:
		return nil
	case thriftByte:
		return t.skip(1)
	case thriftShort, thriftShort + 1, thriftLong:
		v, err := t.number()
		if err != nil {
			return err
		}
		return each(t.path, v)
	case thriftDouble:
		return t.skip(8)
	case thriftBinary:
		n, err := t.length()
		if err != nil {
			return err
		}
		return t.skip(n)
	case thriftList, thriftSet:
		return t.list(nesting, each)
	case thriftMap:
		return t.pairs(nesting, each)
	case thriftStruct:
		return t.structure(nesting-1, each)
	}
	return errThrift
}

// list goes over a list, whose elements take a byte each at least.
func (t *thrift) list(nesting int, each func([]int16, int64) error) error {
	head, err := t.byte()
	if err != nil {
		return err
	}
	n := int(head >> 4)
	if n == 15 {
		if n, err = t.length(); err != nil {
			return err
		}
	}
	for range n {
		if err := t.element(head&15, nesting, each); err != nil {
			return err
		}
	}
	return nil
}

// pairs goes over a map. Parquet has none yet.
func (t *thrift) pairs(nesting int, each func([]int16, int64) error) error {
	n, err := t.length()
	if err != nil || n == 0 {
		return err
	}
	kinds, err := t.byte()
	if err != nil {
		return err
	}
	for range n {
		if err := t.element(kinds>>4, nesting, each); err != nil {
			return err
		}
		if err := t.element(kinds&15, nesting, each); err != nil {
			return err
		}
	}
	return nil
}

// element goes over a value in a list or map.
func (t *thrift) element(kind byte, nesting int, each func([]int16, int64) error) error {
	switch {
	case kind == thriftTrue || kind == thriftFalse:
		return t.skip(1)
	case nesting == 0:
		return fmt.Errorf("lists are nested more than %d deep", maxNesting)
	}
	return t.value(kind, nesting-1, each)
}

func (t *thrift) byte() (byte, error) {
	if len(t.data) == 0 {
		return 0, errThrift
	}
	b := t.data[0]
	t.data = t.data[1:]
	return b, nil
}

func (t *thrift) skip(n int) error {
	if n > len(t.data) {
		return errThrift
	}
	t.data = t.data[n:]
	return nil
}

// length reads a length, which data that lies behind must have.
func (t *thrift) length() (int, error) {
	v, n := binary.Uvarint(t.data)
	if n <= 0 || v > uint64(len(t.data)) {
		return 0, errThrift
	}
	t.data = t.data[n:]
	return int(v), nil
}

func (t *thrift) number() (int64, error) {
	v, n := binary.Varint(t.data)
	if n <= 0 {
		return 0, errThrift
	}
	t.data = t.data[n:]
	return v, nil
}
