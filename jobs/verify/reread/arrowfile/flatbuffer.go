package arrowfile

import (
	"encoding/binary"
	"fmt"
)

// buffer is a FlatBuffers buffer. After the first read outside of it every value
// is zero, and err tells.
type buffer struct {
	data []byte
	err  error
}

// bytes returns n bytes, n at most 8 of them zeros if they do not lie inside.
func (b *buffer) bytes(at, n int64) []byte {
	if b.err == nil && (at < 0 || n < 0 || at > int64(len(b.data))-n) {
		b.err = fmt.Errorf("metadata of %d bytes refers to %d bytes at %d", len(b.data), n, at)
	}
	if b.err != nil {
		return make([]byte, 8)
	}
	return b.data[at : at+n]
}

func (b *buffer) uint16(at int64) uint16 { return binary.LittleEndian.Uint16(b.bytes(at, 2)) }
func (b *buffer) uint32(at int64) uint32 { return binary.LittleEndian.Uint32(b.bytes(at, 4)) }
func (b *buffer) int32(at int64) int32   { return int32(b.uint32(at)) }
func (b *buffer) int64(at int64) int64   { return int64(binary.LittleEndian.Uint64(b.bytes(at, 8))) }

// follow returns the place that a reference at a place points to.
func (b *buffer) follow(at int64) int64 { return at + int64(b.uint32(at)) }

// root is the object that the buffer holds.
func (b *buffer) root() object { return object{b, b.follow(0)} }

// object is a FlatBuffers table. Its fields are numbered as in the schema file.
type object struct {
	in *buffer
	at int64
}

// field returns the place of a field's value, 0 where it has none.
func (o object) field(number int64) int64 {
	table := o.at - int64(o.in.int32(o.at))
	slot := 4 + 2*number
	if slot+2 > int64(o.in.uint16(table)) {
		return 0
	}
	if offset := o.in.uint16(table + slot); offset != 0 {
		return o.at + int64(offset)
	}
	return 0
}

func (o object) byte(number int64) byte {
	if at := o.field(number); at != 0 {
		return o.in.bytes(at, 1)[0]
	}
	return 0
}

func (o object) int16(number int64) int16 {
	if at := o.field(number); at != 0 {
		return int16(o.in.uint16(at))
	}
	return 0
}

func (o object) int32(number int64) int32 {
	if at := o.field(number); at != 0 {
		return o.in.int32(at)
	}
	return 0
}

func (o object) int64(number int64) int64 {
	if at := o.field(number); at != 0 {
		return o.in.int64(at)
	}
	return 0
}

// object returns the table that a field refers to; there may be none.
func (o object) object(number int64) (object, bool) {
	at := o.field(number)
	if at == 0 {
		return object{}, false
	}
	return object{o.in, o.in.follow(at)}, true
}

// text returns a string, "" where there is none.
func (o object) text(number int64) string {
	start, n := o.vector(number, 1)
	if n == 0 {
		return ""
	}
	return string(o.in.bytes(start, int64(n)))
}

// vector returns where the elements of a vector lie, all of them inside the
// buffer, and how many there are.
func (o object) vector(number, size int64) (start int64, n int) {
	at := o.field(number)
	if at == 0 {
		return 0, 0
	}
	at = o.in.follow(at)
	count := int64(o.in.uint32(at))
	o.in.bytes(at+4, count*size)
	if o.in.err != nil {
		return 0, 0
	}
	return at + 4, int(count)
}

// objects returns the tables that a vector refers to.
func (o object) objects(number int64) []object {
	start, n := o.vector(number, 4)
	out := make([]object, n)
	for i := range out {
		out[i] = object{o.in, o.in.follow(start + 4*int64(i))}
	}
	return out
}
