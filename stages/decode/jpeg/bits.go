package jpeg

import "encoding/binary"

// bitReader reads entropy-coded bits, undoing byte stuffing. At a marker or the
// end of the data it gives zeros and counts them.
type bitReader struct {
	data   []byte
	pos    int
	acc    uint64 // the next bits, from the top
	n      uint   // how many of them
	padded uint   // of these n, zeros that were not in the data
}

func (b *bitReader) reset(data []byte, pos int) {
	*b = bitReader{data: data, pos: pos}
}

// overrun tells whether bits were taken that were not there.
func (b *bitReader) overrun() bool { return b.padded > b.n }

// fill makes at least 48 bits ready.
func (b *bitReader) fill() {
	if b.n >= 48 {
		return
	}
	if b.pos+8 <= len(b.data) {
		next := binary.BigEndian.Uint64(b.data[b.pos:])
		if !hasFF(next) {
			b.acc |= next >> b.n
			taken := (64 - b.n) / 8
			b.pos += int(taken)
			b.n += 8 * taken
			return
		}
	}
	b.fillBytes()
}

func (b *bitReader) fillBytes() {
	for b.n <= 56 {
		next, ok := b.nextByte()
		if !ok {
			b.padded += 8
		}
		b.acc |= uint64(next) << (56 - b.n)
		b.n += 8
	}
}

func (b *bitReader) nextByte() (byte, bool) {
	if b.pos >= len(b.data) {
		return 0, false
	}
	next := b.data[b.pos]
	if next != 0xff {
		b.pos++
		return next, true
	}
	if b.pos+1 < len(b.data) && b.data[b.pos+1] == 0 {
		b.pos += 2
		return next, true
	}
	return 0, false
}

// take returns the next k bits, k <= 32; the caller has filled.
func (b *bitReader) take(k uint) int32 {
	v := int32(b.acc >> (64 - k))
	b.acc <<= k
	b.n -= k
	return v
}

// symbol decodes one code; false if no code matches. It fills.
func (b *bitReader) symbol(h *huffman) (uint8, bool) {
	b.fill()
	if e := h.quick[b.acc>>(64-quickBits)]; e != 0 {
		length := uint(e >> 8)
		b.acc <<= length
		b.n -= length
		return uint8(e), true
	}
	value, length := h.slow(int32(b.acc >> 48))
	b.acc <<= length
	b.n -= length
	return value, length > 0
}

// extended takes k bits, k <= 16, and maps them to a signed value as the
// standard's EXTEND does: the lower half of the range is negative.
func (b *bitReader) extended(k uint) int32 {
	v := b.take(k)
	if k > 0 && v < 1<<(k-1) {
		v += 1 - 1<<k
	}
	return v
}

func hasFF(x uint64) bool {
	x = ^x
	return (x-0x0101010101010101)&^x&0x8080808080808080 != 0
}
