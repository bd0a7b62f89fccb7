package arrowfile

import (
	"encoding/binary"
	"fmt"
	"math"
	"unicode/utf8"
)

// values are the values of a leaf.
type values struct {
	of      Type
	data    []byte
	offsets []byte // of texts
}

// values reads n values of a leaf.
func (f *File) values(c Column, b *batch, n int64) (v values, err error) {
	v.of = c.Type
	if n == 0 {
		return v, nil
	}
	at := c.buffer + 1
	if c.Type == Text {
		if v.offsets, err = b.buffer(f.r, at); err != nil {
			return v, err
		}
		at++
	}
	if v.data, err = b.buffer(f.r, at); err != nil {
		return v, err
	}
	return v, v.check(n)
}

// check checks that n values are there.
func (v values) check(n int64) error {
	need := map[Type]int64{Int32: 4 * n, Int64: 8 * n, Float: 4 * n, Time: 8 * n, Bool: (n + 7) / 8}[v.of]
	if int64(len(v.data)) < need {
		return fmt.Errorf("%d bytes for %d values", len(v.data), n)
	}
	if v.of != Text {
		return nil
	}
	if err := checkOffsets(v.offsets, n, int64(len(v.data))); err != nil {
		return fmt.Errorf("texts: %w", err)
	}
	for i := range n {
		if text := v.text(i); !utf8.Valid(text) {
			return fmt.Errorf("text %d is not UTF-8: %q", i, text)
		}
	}
	return nil
}

func (v values) text(i int64) []byte {
	return v.data[binary.LittleEndian.Uint32(v.offsets[4*i:]):binary.LittleEndian.Uint32(v.offsets[4*i+4:])]
}

// value returns a value that check has seen.
func (v values) value(i int64) any {
	switch v.of {
	case Int32:
		return int32(binary.LittleEndian.Uint32(v.data[4*i:]))
	case Int64, Time:
		return int64(binary.LittleEndian.Uint64(v.data[8*i:]))
	case Float:
		return math.Float32frombits(binary.LittleEndian.Uint32(v.data[4*i:]))
	case Bool:
		return v.data[i/8]>>(i%8)&1 == 1
	}
	return string(v.text(i))
}
