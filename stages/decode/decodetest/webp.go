package decodetest

import (
	"bytes"
	"encoding/binary"
)

// WebP is a WebP file of these chunks.
func WebP(chunks ...[]byte) []byte {
	body := append([]byte("WEBP"), bytes.Join(chunks, nil)...)
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body))), body...)
}

func riffChunk(id string, data []byte) []byte {
	out := append(binary.LittleEndian.AppendUint32([]byte(id), uint32(len(data))), data...)
	return append(out, make([]byte, len(data)%2)...)
}

// Lossy is a WebP key frame of zero bits.
func Lossy(width, height int) []byte {
	macroblocks := (width + 15) / 16 * ((height + 15) / 16)
	first := 64 + macroblocks
	tag := uint32(first)<<5 | 1<<4 // a key frame that is shown
	data := []byte{byte(tag), byte(tag >> 8), byte(tag >> 16), 0x9d, 0x01, 0x2a}
	data = binary.LittleEndian.AppendUint16(data, uint16(width))
	data = binary.LittleEndian.AppendUint16(data, uint16(height))
	return WebP(riffChunk("VP8 ", append(data, make([]byte, first+64+8*macroblocks)...)))
}

// Lossless is a WebP of one colour whose pixels take no bits, with a palette of
// sixteen colours, so that it is in memory twice.
func Lossless(width, height int) []byte {
	b := losslessHeader(width, height)
	b.put(1, 1) // a transform,
	b.put(3, 2) // the palette
	b.put(15, 8)
	b.put(0, 1) // no colour cache
	b.oneColour()
	b.put(0, 1) // no more transforms
	b.put(0, 1) // no colour cache
	b.put(0, 1) // no groups
	b.oneColour()
	return WebP(riffChunk("VP8L", append(b.bytes, make([]byte, 8)...)))
}

// Groups is a lossless WebP of 256 x 256 pixels with that many groups of the
// largest codes, each of which a tile names.
func Groups(n int) []byte {
	const side = 256 / 4
	b := losslessHeader(4*side, 4*side)
	b.put(0, 1)  // no transforms
	b.put(1, 1)  // a colour cache
	b.put(11, 4) // of 2048 colours
	b.put(1, 1)  // groups
	b.put(0, 3)  // of tiles of 4 x 4
	b.put(0, 1)  // the tiles' image has no colour cache
	b.code(even(280, 256, 8))
	b.code(even(256, 256, 8))
	b.single()
	b.single()
	b.single()
	for tile := range side * side {
		group := tile % n
		b.reversed(group&255, 8)
		b.reversed(group>>8, 8)
	}
	green := even(280+2048, 256, 9) // half of all codes, the cache's are the other half
	for i := 280; i < len(green); i++ {
		green[i] = 12
	}
	for range n {
		b.code(green)
		b.code(even(256, 256, 8))
		b.code(even(256, 256, 8))
		b.code(even(256, 256, 8))
		b.single()
	}
	pixels := 16 * side * side
	return WebP(riffChunk("VP8L", append(b.bytes, make([]byte, 5*pixels)...)))
}

// NestedFrames is an animation whose frame holds a frame, and so on.
func NestedFrames(depth int) []byte {
	const head = 8 + 16 // of a chunk and a frame of one pixel
	frames := make([]byte, depth*head)
	for i := range depth {
		at := frames[i*head:]
		copy(at, "ANMF")
		binary.LittleEndian.PutUint32(at[4:], uint32((depth-i)*head-8))
	}
	return WebP(riffChunk("VP8X", make([]byte, 10)), frames)
}

// even gives the first used of n symbols a code of that many bits.
func even(n, used, length int) []int {
	lengths := make([]int, n)
	for i := range used {
		lengths[i] = length
	}
	return lengths
}

// bits are written from the lowest on, as VP8L has them.
type bits struct {
	bytes []byte
	n     int
}

func losslessHeader(width, height int) *bits {
	b := &bits{}
	b.put(0x2f, 8)
	b.put(width-1, 14)
	b.put(height-1, 14)
	b.put(0, 4) // no alpha, version 0
	return b
}

func (b *bits) put(v, n int) {
	for i := range n {
		if b.n%8 == 0 {
			b.bytes = append(b.bytes, 0)
		}
		b.bytes[b.n/8] |= byte(v>>i&1) << (b.n % 8)
		b.n++
	}
}

// reversed writes a prefix code, from the highest bit on.
func (b *bits) reversed(v, n int) {
	for i := range n {
		b.put(v>>(n-1-i)&1, 1)
	}
}

// oneColour writes five codes of one symbol, which take no bits.
func (b *bits) oneColour() {
	for range 5 {
		b.single()
	}
}

// single is a code with the symbol 0 alone.
func (b *bits) single() { b.put(0b0001, 4) }

// code writes the lengths of a code, of which there are up to four that differ.
func (b *bits) code(lengths []int) {
	order := []int{17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}
	known := [4]int{0, 8, 9, 12}
	b.put(0, 1)
	b.put(len(order)-4, 4)
	for _, length := range order {
		bits := 0
		for _, k := range known {
			if length == k {
				bits = 2
			}
		}
		b.put(bits, 3)
	}
	b.put(0, 1) // all symbols have a length
	for _, length := range lengths {
		for i, k := range known {
			if length == k {
				b.reversed(i, 2)
			}
		}
	}
}
