package decode

import (
	"compress/lzw"
	"encoding/binary"
	"io"
)

// gifFrame is the first frame of a GIF and the canvas it lies on.
type gifFrame struct {
	canvasWidth, canvasHeight int
	left, top, width, height  int
	interlaced                bool
	colours                   *palette
	background                byte // index of the canvas around the frame
	codeBits                  int
	data                      []byte // sub-blocks
}

func (d *Decoder) decodeGIF(body []byte) error {
	f, err := readGIF(body)
	if err != nil {
		return err
	}
	if err := d.measure(f.canvasWidth, f.canvasHeight); err != nil {
		return err
	}
	if f.width == 0 || f.height == 0 {
		return refuse(CodeCorrupt, "gif frame of %d x %d pixels", f.width, f.height)
	}
	if err := d.reserve(int64(f.width)*int64(f.height), nil); err != nil {
		return err
	}
	if err := d.readIndices(f); err != nil {
		return err
	}
	d.begin()
	line := make([]byte, f.canvasWidth)
	return d.rows(func(y int, rgb []byte) {
		for i := range line {
			line[i] = f.background
		}
		if y >= f.top && y < f.top+f.height {
			copy(line[f.left:], d.indices[f.stored(y-f.top)*f.width:][:f.width])
		}
		f.colours.row(rgb, line)
	})
}

// readIndices unpacks the frame's pixels in the order they are stored.
func (d *Decoder) readIndices(f *gifFrame) error {
	if f.codeBits < 2 || f.codeBits > 8 {
		return refuse(CodeCorrupt, "gif codes of %d bits", f.codeBits)
	}
	d.indices = sized(d.indices, f.width*f.height)
	source := &subBlocks{check: d.check, rest: f.data}
	if d.lzw == nil {
		d.lzw = lzw.NewReader(source, lzw.LSB, f.codeBits).(*lzw.Reader)
	} else {
		d.lzw.Reset(source, lzw.LSB, f.codeBits)
	}
	_, err := io.ReadFull(d.lzw, d.indices)
	if err != nil && !source.drained {
		return refuse(CodeCorrupt, "gif pixels: %v", err)
	}
	return asReject(err, source.drained)
}

// stored returns where row y is stored: interlaced frames hold every 8th row
// from 0, every 8th from 4, every 4th from 2, then the odd ones.
func (f *gifFrame) stored(y int) int {
	if !f.interlaced {
		return y
	}
	before := 0
	for _, pass := range [4]struct{ first, step int }{{0, 8}, {4, 8}, {2, 4}, {1, 2}} {
		if y%pass.step == pass.first {
			return before + y/pass.step
		}
		before += max(0, (f.height-pass.first+pass.step-1)/pass.step)
	}
	return y
}

// readGIF reads up to the first frame's pixels.
func readGIF(body []byte) (*gifFrame, error) {
	f := &gifFrame{colours: grayRamp()}
	if len(body) < 13 {
		return nil, refuse(CodeTruncated, "gif of %d bytes", len(body))
	}
	f.canvasWidth = int(binary.LittleEndian.Uint16(body[6:]))
	f.canvasHeight = int(binary.LittleEndian.Uint16(body[8:]))
	rest, err := f.readColours(body[13:], body[10])
	if err != nil {
		return nil, err
	}
	for len(rest) > 0 {
		block := rest[0]
		rest = rest[1:]
		switch block {
		case 0x21:
			rest = f.extension(rest)
		case 0x2c:
			return f, f.descriptor(rest)
		case 0x3b:
			return nil, refuse(CodeCorrupt, "gif without a frame")
		}
	}
	return nil, refuse(CodeTruncated, "gif ends before its first frame")
}

// readColours reads the colour table that flags announce and returns what
// follows it. Without a table the colours stay, at first a gray ramp.
func (f *gifFrame) readColours(data []byte, flags byte) (rest []byte, err error) {
	if flags&0x80 == 0 {
		return data, nil
	}
	n := 2 << (flags & 7)
	if len(data) < 3*n {
		return nil, refuse(CodeTruncated, "gif ends in its colours")
	}
	f.colours = grayRamp()
	for i := range n {
		copy(f.colours[i][:], data[3*i:])
	}
	return data[3*n:], nil
}

// extension notes a transparent index and returns what follows the extension.
func (f *gifFrame) extension(data []byte) []byte {
	if len(data) >= 6 && data[0] == 0xf9 && data[1] >= 4 {
		f.background = 0
		if data[2]&1 != 0 {
			f.background = data[5]
		}
	}
	if len(data) > 0 {
		data = data[1:]
	}
	for len(data) > 0 && data[0] != 0 {
		data = data[min(1+int(data[0]), len(data)):]
	}
	return data[min(1, len(data)):]
}

// descriptor reads the frame's place and colours. A frame that leaves the canvas
// enlarges it.
func (f *gifFrame) descriptor(data []byte) error {
	if len(data) < 10 {
		return refuse(CodeTruncated, "gif ends in its first frame")
	}
	f.left, f.top = int(binary.LittleEndian.Uint16(data)), int(binary.LittleEndian.Uint16(data[2:]))
	f.width, f.height = int(binary.LittleEndian.Uint16(data[4:])), int(binary.LittleEndian.Uint16(data[6:]))
	f.canvasWidth, f.canvasHeight = max(f.canvasWidth, f.left+f.width), max(f.canvasHeight, f.top+f.height)
	flags := data[8]
	f.interlaced = flags&0x40 != 0
	rest, err := f.readColours(data[9:], flags)
	if err != nil {
		return err
	}
	if len(rest) == 0 {
		return refuse(CodeTruncated, "gif ends in its first frame")
	}
	f.codeBits, f.data = int(rest[0]), rest[1:]
	return nil
}

// subBlocks reads the content of length-prefixed blocks up to an empty one.
type subBlocks struct {
	check   func() error
	rest    []byte
	block   []byte
	drained bool // the data ended without an empty block
}

func (s *subBlocks) ReadByte() (byte, error) {
	if len(s.block) == 0 {
		if err := s.next(); err != nil {
			return 0, err
		}
	}
	b := s.block[0]
	s.block = s.block[1:]
	return b, nil
}

func (s *subBlocks) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	b, err := s.ReadByte()
	if err != nil {
		return 0, err
	}
	p[0] = b
	return 1, nil
}

func (s *subBlocks) next() error {
	if err := s.check(); err != nil {
		return err
	}
	if len(s.rest) == 0 || len(s.rest) == 1 && s.rest[0] > 0 {
		s.drained = true
		return io.EOF
	}
	n := min(int(s.rest[0]), len(s.rest)-1)
	if n == 0 {
		return io.EOF
	}
	s.block, s.rest = s.rest[1:1+n], s.rest[1+n:]
	return nil
}
