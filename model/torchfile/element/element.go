// Package element decodes the numbers that model files store.
package element

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// Type is the type of a stored number. The zero Type is unknown.
type Type int

// Stored number types.
const (
	Unknown Type = iota
	Float16
	BFloat16
	Float32
	Float64
	Int8
	Int16
	Int32
	Int64
	Uint8
	Bool
)

var names = map[Type]string{
	Unknown: "unknown", Float16: "float16", BFloat16: "bfloat16", Float32: "float32", Float64: "float64",
	Int8: "int8", Int16: "int16", Int32: "int32", Int64: "int64", Uint8: "uint8", Bool: "bool",
}

var sizes = map[Type]int{
	Float16: 2, BFloat16: 2, Float32: 4, Float64: 8,
	Int8: 1, Int16: 2, Int32: 4, Int64: 8, Uint8: 1, Bool: 1,
}

// String returns the name as NumPy and PyTorch spell it.
func (t Type) String() string { return names[t] }

// Size returns the bytes of one number, 0 for Unknown.
func (t Type) Size() int { return sizes[t] }

// IsFloat reports whether the numbers are floating point.
func (t Type) IsFloat() bool { return t >= Float16 && t <= Float64 }

// Floats decodes len(dst) numbers of a floating-point type from src. A float64
// is rounded to float32, to an infinity where it is beyond its range.
func (t Type) Floats(dst []float32, src []byte, order binary.ByteOrder) {
	switch t {
	case Float16:
		decode(dst, src, 2, func(b []byte) float32 { return half(order.Uint16(b)) })
	case BFloat16:
		decode(dst, src, 2, func(b []byte) float32 { return math.Float32frombits(uint32(order.Uint16(b)) << 16) })
	case Float32:
		decode(dst, src, 4, func(b []byte) float32 { return math.Float32frombits(order.Uint32(b)) })
	case Float64:
		decode(dst, src, 8, func(b []byte) float32 { return float32(math.Float64frombits(order.Uint64(b))) })
	default:
		panic("element: " + t.String() + " holds no floats")
	}
}

// Ints decodes len(dst) numbers of an integer type from src.
func (t Type) Ints(dst []int64, src []byte, order binary.ByteOrder) {
	switch t {
	case Int8:
		decode(dst, src, 1, func(b []byte) int64 { return int64(int8(b[0])) })
	case Uint8, Bool:
		decode(dst, src, 1, func(b []byte) int64 { return int64(b[0]) })
	case Int16:
		decode(dst, src, 2, func(b []byte) int64 { return int64(int16(order.Uint16(b))) })
	case Int32:
		decode(dst, src, 4, func(b []byte) int64 { return int64(int32(order.Uint32(b))) })
	case Int64:
		decode(dst, src, 8, func(b []byte) int64 { return int64(order.Uint64(b)) })
	default:
		panic("element: " + t.String() + " holds no integers")
	}
}

func decode[N float32 | int64](dst []N, src []byte, size int, one func([]byte) N) {
	for i := range dst {
		dst[i] = one(src[i*size : (i+1)*size])
	}
}

// half widens an IEEE 754 binary16 exactly.
func half(h uint16) float32 {
	sign := uint32(h>>15) << 31
	exponent, fraction := uint32(h>>10)&0x1f, uint32(h)&0x3ff
	switch exponent {
	case 0:
		f := float32(fraction) * 0x1p-24
		return math.Float32frombits(math.Float32bits(f) | sign)
	case 0x1f:
		return math.Float32frombits(sign | 0xff<<23 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+127-15)<<23 | fraction<<13)
}

// chunkBytes is a multiple of every element size.
const chunkBytes = 1 << 16

// ReadFloats reads count numbers of floating-point type t through a small
// buffer, so that the stored and the decoded form are never both in memory. The
// caller has checked that r holds as many: they are allocated at once.
func (t Type) ReadFloats(r io.Reader, count int, order binary.ByteOrder) ([]float32, error) {
	return read(r, count, t.Size(), func(dst []float32, src []byte) { t.Floats(dst, src, order) })
}

// ReadInts is ReadFloats for integer types.
func (t Type) ReadInts(r io.Reader, count int, order binary.ByteOrder) ([]int64, error) {
	return read(r, count, t.Size(), func(dst []int64, src []byte) { t.Ints(dst, src, order) })
}

func read[N float32 | int64](r io.Reader, count, size int, decode func([]N, []byte)) ([]N, error) {
	values := make([]N, count)
	buf := make([]byte, min(chunkBytes, count*size))
	for done := 0; done < count; {
		n := min(count-done, len(buf)/size)
		if _, err := io.ReadFull(r, buf[:n*size]); err != nil {
			return nil, fmt.Errorf("number %d of %d: %w", done, count, truncated(err))
		}
		decode(values[done:done+n], buf)
		done += n
	}
	return values, nil
}

func truncated(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
