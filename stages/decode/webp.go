package decode

import (
	"bytes"
	"encoding/binary"
	"image"

	"golang.org/x/image/vp8"
	"golang.org/x/image/vp8l"
)

// webpImage is what a WebP file shows first: one bitstream on a canvas.
type webpImage struct {
	canvasWidth, canvasHeight int
	left, top, width, height  int
	data                      []byte // the bitstream
	lossless                  bool
	bitsWidth, bitsHeight     int // what the bitstream says of itself
	exif                      []byte
	inFrame                   bool // the chunks are of an animation's frame
}

func (d *Decoder) decodeWebP(body []byte) error {
	w, err := readWebP(body)
	if err != nil {
		return err
	}
	if err := d.measure(w.canvasWidth, w.canvasHeight); err != nil {
		return err
	}
	if w.bitsWidth != w.width || w.bitsHeight != w.height {
		return refuse(CodeCorrupt, "webp frame of %d x %d pixels holds %d x %d", w.width, w.height, w.bitsWidth, w.bitsHeight)
	}
	if err := d.reserve(w.memory(), w.exif); err != nil {
		return err
	}
	fill, err := d.webpRows(w)
	if err != nil {
		return err
	}
	d.begin()
	return d.rows(func(y int, rgb []byte) {
		clear(rgb)
		if y >= w.top && y < w.top+w.height {
			fill(y-w.top, rgb[3*w.left:][:3*w.width])
		}
	})
}

// What golang.org/x/image takes for a lossless image beside its pixels: a group
// of Huffman codes a tile of 4 x 4 pixels, at most maxGroups. A group costs
// 20 bits at least; its codes, and building them, take at most 400 times the bytes
// that define them.
const (
	maxGroups      = 2600
	groupBytes     = 2_700
	groupCodeBytes = 80_000
	codesPerByte   = 400
)

// memory is what decoding the bitstream takes, in bytes.
func (w *webpImage) memory() int64 {
	pixels, data := int64(w.width)*int64(w.height), int64(len(w.data))
	if !w.lossless {
		return 3*int64(w.width+15)*int64(w.height+15)/2 + data
	}
	tiles := int64((w.width+3)/4) * int64((w.height+3)/4)
	groups := min(maxGroups, tiles, 1+data*8/20)
	return webpBytesPerPixel*pixels + groups*groupBytes + min(codesPerByte*data, groups*groupCodeBytes)
}

// webpRows decodes the bitstream and returns what writes its rows.
func (d *Decoder) webpRows(w *webpImage) (func(y int, rgb []byte), error) {
	source := &reader{check: d.check, data: w.data}
	if w.lossless {
		img, err := vp8l.Decode(source)
		if err != nil {
			return nil, asReject(err, source.drained)
		}
		return rowsOf(img), nil
	}
	lossy := vp8.NewDecoder()
	lossy.Init(source, len(w.data))
	if _, err := lossy.DecodeFrameHeader(); err != nil {
		return nil, asReject(err, source.drained)
	}
	img, err := lossy.DecodeFrame()
	if err != nil {
		return nil, asReject(err, source.drained)
	}
	return func(y int, rgb []byte) { lossyRow(rgb, img, w.width, w.height, y) }, nil
}

// readWebP finds the first bitstream and the Exif data.
func readWebP(body []byte) (*webpImage, error) {
	w := &webpImage{}
	length := 8 + int(binary.LittleEndian.Uint32(body[4:]))
	if length > len(body) {
		return nil, refuse(CodeTruncated, "webp of %d bytes, %d announced", len(body), length)
	}
	if err := w.chunks(body[12:max(12, length)]); err != nil {
		return nil, err
	}
	if w.data == nil {
		return nil, refuse(CodeCorrupt, "webp without pixels")
	}
	return w, nil
}

// chunks reads a list of chunks: the file's or an animation frame's.
func (w *webpImage) chunks(rest []byte) error {
	for len(rest) >= 8 {
		id, size := string(rest[:4]), int(binary.LittleEndian.Uint32(rest[4:]))
		rest = rest[8:]
		if size > len(rest) {
			return refuse(CodeCorrupt, "webp chunk %q of %d bytes, %d left", id, size, len(rest))
		}
		if err := w.chunk(id, rest[:size]); err != nil {
			return err
		}
		rest = rest[min(size+size%2, len(rest)):]
	}
	return nil
}

func (w *webpImage) chunk(id string, data []byte) error {
	switch {
	case id == "EXIF" && w.exif == nil:
		w.exif = bytes.TrimPrefix(data, []byte("Exif\x00\x00"))
	case w.data != nil:
	case id == "VP8X":
		if len(data) < 10 {
			return refuse(CodeTruncated, "webp ends in its header")
		}
		w.canvasWidth, w.canvasHeight = uint24(data[4:])+1, uint24(data[7:])+1
		w.width, w.height = w.canvasWidth, w.canvasHeight
	case id == "ANMF" && !w.inFrame: // never deeper: a file could nest millions
		return w.animationFrame(data)
	case id == "VP8 ", id == "VP8L":
		return w.bitstream(id, data)
	}
	return nil
}

// animationFrame reads the frame's place on the canvas and its chunks.
func (w *webpImage) animationFrame(data []byte) error {
	if len(data) < 16 {
		return refuse(CodeTruncated, "webp ends in its first frame")
	}
	w.left, w.top = 2*uint24(data), 2*uint24(data[3:])
	w.width, w.height = uint24(data[6:])+1, uint24(data[9:])+1
	if w.left+w.width > w.canvasWidth || w.top+w.height > w.canvasHeight {
		return refuse(CodeCorrupt, "webp frame leaves its canvas")
	}
	w.inFrame = true
	err := w.chunks(data[16:])
	w.inFrame = false
	return err
}

// bitstream keeps the data. A file without a header of its own takes its size.
func (w *webpImage) bitstream(id string, data []byte) (err error) {
	w.data, w.lossless = data, id == "VP8L"
	w.bitsWidth, w.bitsHeight, err = bitstreamSize(w.lossless, data)
	if err == nil && w.canvasWidth == 0 {
		w.canvasWidth, w.canvasHeight = w.bitsWidth, w.bitsHeight
		w.width, w.height = w.bitsWidth, w.bitsHeight
	}
	return err
}

func bitstreamSize(lossless bool, data []byte) (width, height int, err error) {
	if len(data) < 10 {
		return 0, 0, refuse(CodeTruncated, "webp ends in its header")
	}
	if lossless {
		if data[0] != 0x2f {
			return 0, 0, refuse(CodeCorrupt, "webp without a lossless signature")
		}
		v := binary.LittleEndian.Uint32(data[1:])
		return int(v&0x3fff) + 1, int(v>>14&0x3fff) + 1, nil
	}
	if data[0]&1 != 0 || !has(data, 3, "\x9d\x01\x2a") {
		return 0, 0, refuse(CodeCorrupt, "webp without a key frame")
	}
	return int(binary.LittleEndian.Uint16(data[6:]) & 0x3fff), int(binary.LittleEndian.Uint16(data[8:]) & 0x3fff), nil
}

func uint24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }

// lossyRow converts row y of a frame to RGB as libwebp does: chroma weighed
// 9:3:3:1 from the four nearest samples, then limited-range BT.601.
func lossyRow(rgb []byte, img *image.YCbCr, width, height, y int) {
	luma := img.Y[y*img.YStride:][:width]
	chroma := (width + 1) / 2
	near := y / 2 * img.CStride
	far := max(0, min(y/2-1+2*(y&1), (height+1)/2-1)) * img.CStride
	blue := fourTap{img.Cb[near:][:chroma], img.Cb[far:][:chroma]}
	red := fourTap{img.Cr[near:][:chroma], img.Cr[far:][:chroma]}
	for x, v := range luma {
		limitedRange(rgb[3*x:][:3], int32(v), blue.at(x), red.at(x))
	}
}

// fourTap holds the chroma row nearest to a luma row and the next nearest.
type fourTap struct{ near, far []byte }

// at interpolates for luma column x. The two roundings are libwebp's.
func (t fourTap) at(x int) int32 {
	i := x / 2
	j := i - 1 + 2*(x&1) // the next nearest column
	if j < 0 || j >= len(t.near) {
		return (3*int32(t.near[i]) + int32(t.far[i]) + 2) >> 2
	}
	n, f, nj, fj := int32(t.near[i]), int32(t.far[i]), int32(t.near[j]), int32(t.far[j])
	diagonal := (n + f + nj + fj + 2*(f+nj) + 8) >> 3
	return (n + diagonal) >> 1
}

// limitedRange converts one pixel in libwebp's 6-bit fixed point.
func limitedRange(rgb []byte, y, u, v int32) {
	y = y * 19077 >> 8
	rgb[0] = clip6(y + v*26149>>8 - 14234)
	rgb[1] = clip6(y - u*6419>>8 - v*13320>>8 + 8708)
	rgb[2] = clip6(y + u*33050>>8 - 17685)
}

func clip6(v int32) byte { return byte(max(0, min(v>>6, 255))) }
