package decode

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// Compression methods of a BMP.
const (
	bmpPlain     = 0
	bmpRLE8      = 1
	bmpRLE4      = 2
	bmpBitfields = 3
	bmpAlphaBits = 6
)

// bitmap is the header of a BMP.
type bitmap struct {
	width, height int
	topDown       bool
	depth         int // bits per pixel
	compression   uint32
	masks         [3]uint32 // of red, green, blue; 16 and 32 bits only
	colours       *palette
	pixels        int // offset in the file
}

func (d *Decoder) decodeBMP(body []byte) error {
	b, err := readBitmap(body)
	if err != nil {
		return err
	}
	if err := d.measure(b.width, b.height); err != nil {
		return err
	}
	if b.pixels > len(body) {
		return refuse(CodeTruncated, "bmp of %d bytes, pixels from %d", len(body), b.pixels)
	}
	if b.compression == bmpRLE8 || b.compression == bmpRLE4 {
		return d.bmpRuns(b, body[b.pixels:])
	}
	stride := (b.width*b.depth + 31) / 32 * 4
	if need := stride * b.height; len(body)-b.pixels < need {
		return refuse(CodeTruncated, "bmp with %d bytes of pixels, want %d", len(body)-b.pixels, need)
	}
	unpack := b.unpacker()
	if err := d.reserve(0, nil); err != nil {
		return err
	}
	d.begin()
	return d.rows(func(y int, rgb []byte) {
		unpack(rgb, body[b.pixels+b.stored(y)*stride:][:stride])
	})
}

// bmpRuns decodes run lengths and shows them.
func (d *Decoder) bmpRuns(b *bitmap, data []byte) error {
	if err := d.reserve(int64(b.width)*int64(b.height), nil); err != nil {
		return err
	}
	d.indices = sized(d.indices, b.width*b.height)
	clear(d.indices)
	if err := unpackRuns(d.indices, b.width, data, b.depth, d.check); err != nil {
		return err
	}
	d.begin()
	return d.rows(func(y int, rgb []byte) {
		b.colours.row(rgb, d.indices[b.stored(y)*b.width:])
	})
}

// stored returns where row y is stored; most bitmaps start at the bottom.
func (b *bitmap) stored(y int) int {
	if b.topDown {
		return y
	}
	return b.height - 1 - y
}

func readBitmap(body []byte) (*bitmap, error) {
	headerLen := int(binary.LittleEndian.Uint32(body[14:])) // Sniff saw it
	if len(body) < 14+headerLen {
		return nil, refuse(CodeTruncated, "bmp of %d bytes", len(body))
	}
	b := &bitmap{pixels: int(binary.LittleEndian.Uint32(body[10:]))}
	head, rest := body[14:14+headerLen], body[14+headerLen:]
	entries := 0
	if headerLen == 12 {
		b.width, b.height = int(binary.LittleEndian.Uint16(head[4:])), int(binary.LittleEndian.Uint16(head[6:]))
		b.depth = int(binary.LittleEndian.Uint16(head[10:]))
	} else {
		b.width = int(binary.LittleEndian.Uint32(head[4:]))
		height := int(int32(binary.LittleEndian.Uint32(head[8:])))
		b.topDown, b.height = height < 0, max(height, -height)
		b.depth = int(binary.LittleEndian.Uint16(head[14:]))
	}
	if headerLen >= 40 {
		b.compression = binary.LittleEndian.Uint32(head[16:])
		entries = int(binary.LittleEndian.Uint32(head[32:]))
	}
	if err := b.supported(); err != nil {
		return nil, err
	}
	if b.depth <= 8 {
		b.readColours(rest, entries, 4-btoi(headerLen == 12), len(body)-len(rest))
		return b, nil
	}
	return b, b.readMasks(head, rest)
}

func (b *bitmap) supported() error {
	ok := false
	switch b.depth {
	case 1, 2, 24:
		ok = b.compression == bmpPlain
	case 4:
		ok = b.compression == bmpPlain || b.compression == bmpRLE4
	case 8:
		ok = b.compression == bmpPlain || b.compression == bmpRLE8
	case 16, 32:
		ok = b.compression == bmpPlain || b.compression == bmpBitfields || b.compression == bmpAlphaBits
	}
	if !ok {
		return refuse(CodeUnsupportedFormat, "bmp of %d bits, compression %d", b.depth, b.compression)
	}
	return nil
}

// readColours reads a table of BGR entries of size bytes, which starts at offset
// in the file. Some files give that offset for the pixels, too, which lie behind
// the table.
func (b *bitmap) readColours(data []byte, entries, size, offset int) {
	if entries == 0 || entries > 256 {
		entries = 1 << b.depth
	}
	if b.pixels == offset {
		b.pixels += size * entries
	}
	b.colours = grayRamp()
	for i := range min(entries, len(data)/size) {
		e := data[size*i:]
		b.colours[i] = [3]byte{e[2], e[1], e[0]}
	}
}

// readMasks finds the channels of 16- and 32-bit pixels.
func (b *bitmap) readMasks(head, rest []byte) error {
	switch {
	case b.depth == 16:
		b.masks = [3]uint32{0x7c00, 0x03e0, 0x001f}
	case b.depth == 32:
		b.masks = [3]uint32{0xff0000, 0x00ff00, 0x0000ff}
	}
	if b.compression == bmpPlain {
		return nil
	}
	source := rest
	if len(head) >= 52 {
		source = head[40:]
	}
	if len(source) < 12 {
		return refuse(CodeTruncated, "bmp ends in its masks")
	}
	for i := range b.masks {
		m := binary.LittleEndian.Uint32(source[4*i:])
		if m == 0 || m>>bits.TrailingZeros32(m)&(m>>bits.TrailingZeros32(m)+1) != 0 {
			return refuse(CodeUnsupportedFormat, "bmp with channel mask %#x", m)
		}
		b.masks[i] = m
	}
	return nil
}

// unpacker returns what converts a stored row to RGB.
func (b *bitmap) unpacker() func(rgb, row []byte) {
	switch b.depth {
	case 24:
		return bgrRow
	case 16, 32:
		return b.maskedRow
	}
	return b.indexedRow
}

func bgrRow(rgb, row []byte) {
	for i := 0; i+2 < len(rgb); i += 3 {
		rgb[i], rgb[i+1], rgb[i+2] = row[i+2], row[i+1], row[i]
	}
}

func (b *bitmap) indexedRow(rgb, row []byte) {
	mask := byte(1<<b.depth - 1)
	for x := range len(rgb) / 3 {
		bit := x * b.depth
		index := row[bit/8] >> (8 - b.depth - bit%8) & mask
		copy(rgb[3*x:], b.colours[index][:])
	}
}

// maskedRow stretches each channel to 0-255, rounding down.
func (b *bitmap) maskedRow(rgb, row []byte) {
	size := b.depth / 8
	for x := range len(rgb) / 3 {
		pixel := uint32(binary.LittleEndian.Uint16(row[size*x:]))
		if size == 4 {
			pixel = binary.LittleEndian.Uint32(row[4*x:])
		}
		for i, m := range b.masks {
			shift := bits.TrailingZeros32(m)
			rgb[3*x+i] = byte(uint64(pixel&m>>shift) * math.MaxUint8 / uint64(m>>shift))
		}
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
