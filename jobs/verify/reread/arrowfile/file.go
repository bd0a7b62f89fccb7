package arrowfile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// File is an open Arrow file, read column by column from its first row on. It is
// for one goroutine.
type File struct {
	Columns []Column
	Rows    int64
	r       io.ReaderAt
	batches []batch
	cursors []cursor // by column
}

const (
	magic       = "ARROW1"
	headBytes   = 8       // magic and padding
	tailBytes   = 10      // length of the footer, magic
	blockBytes  = 24      // struct Block
	maxMetadata = 1 << 26 // footer and heads

	// Numbers in File.fbs.
	footerVersion, footerSchema, footerDictionaries, footerBatches = 0, 1, 2, 3

	version5 = 4
)

// Open reads the metadata of a file of size bytes: its footer and the head of
// every record batch.
func Open(r io.ReaderAt, size int64) (*File, error) {
	footer, start, err := readFooter(r, size)
	if err != nil {
		return nil, err
	}
	if v := footer.int16(footerVersion); v != version5 {
		return nil, fmt.Errorf("footer of metadata version %d, want %d", v, version5)
	}
	of, found := footer.object(footerSchema)
	if !found {
		return nil, errors.New("the footer has no schema")
	}
	s, err := readSchema(of)
	if err != nil {
		return nil, err
	}
	if _, n := footer.vector(footerDictionaries, blockBytes); n > 0 {
		return nil, fmt.Errorf("the file has %d dictionaries", n)
	}
	f := &File{Columns: s.columns, r: r, cursors: make([]cursor, len(s.columns))}
	return f, f.readBatches(footer, s, start)
}

// readFooter returns the footer and where it begins.
func readFooter(r io.ReaderAt, size int64) (footer object, start int64, err error) {
	if size < headBytes+tailBytes {
		return footer, 0, fmt.Errorf("%d bytes are no Arrow file", size)
	}
	head, err := readAt(r, 0, headBytes)
	if err != nil {
		return footer, 0, err
	}
	tail, err := readAt(r, size-tailBytes, tailBytes)
	if err != nil {
		return footer, 0, err
	}
	if string(head) != magic+"\x00\x00" || string(tail[4:]) != magic {
		return footer, 0, fmt.Errorf("no Arrow file: it begins with %q and ends with %q", head, tail[4:])
	}
	length := int64(binary.LittleEndian.Uint32(tail))
	start = size - tailBytes - length
	if start < headBytes || length > maxMetadata {
		return footer, 0, fmt.Errorf("footer of %d bytes in a file of %d", length, size)
	}
	data, err := readAt(r, start, length)
	if err != nil {
		return footer, 0, err
	}
	in := &buffer{data: data}
	return in.root(), start, in.err
}

// readBatches reads the heads of the record batches, which lie one after the
// other before the footer.
func (f *File) readBatches(footer object, s *schema, end int64) error {
	start, n := footer.vector(footerBatches, blockBytes)
	last := int64(headBytes)
	for i := range n {
		at := start + blockBytes*int64(i)
		b := batch{at: footer.in.int64(at), head: int64(footer.in.int32(at + 8)), body: footer.in.int64(at + 16)}
		if b.at < last || b.at > end || b.at%8 != 0 || b.head < 16 || b.head > maxMetadata || b.body < 0 || b.body > end || b.at+b.head+b.body > end {
			return fmt.Errorf("record batch %d: head of %d and body of %d bytes at %d, behind %d and before %d", i, b.head, b.body, b.at, last, end)
		}
		last = b.at + b.head + b.body
		if err := b.read(f.r, s); err != nil {
			return fmt.Errorf("record batch %d: %w", i, err)
		}
		f.batches = append(f.batches, b)
		f.Rows += b.rows
	}
	return footer.in.err
}

func readAt(r io.ReaderAt, at, n int64) ([]byte, error) {
	data := make([]byte, n)
	if _, err := io.ReadFull(io.NewSectionReader(r, at, n), data); err != nil {
		return nil, fmt.Errorf("%d bytes at %d: %w", n, at, err)
	}
	return data, nil
}

// RowsWith returns how many rows hold about that many values of the file's
// longest column, at least one.
func (f *File) RowsWith(values int64) int {
	rows := values
	for _, b := range f.batches {
		for _, n := range b.nodes {
			rows = min(rows, values*b.rows/max(n.length, 1))
		}
	}
	return int(max(rows, 1))
}
