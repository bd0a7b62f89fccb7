package decode

import (
	"encoding/binary"
	"image"
	"image/color"
	"image/png"
)

const pngSignature = "\x89PNG\r\n\x1a\n"

func (d *Decoder) decodePNG(body []byte) error {
	if len(body) < 33 {
		return refuse(CodeTruncated, "png of %d bytes", len(body))
	}
	if !has(body, 12, "IHDR") {
		return refuse(CodeCorrupt, "png without a header chunk")
	}
	if err := d.measure(int(binary.BigEndian.Uint32(body[16:])), int(binary.BigEndian.Uint32(body[20:]))); err != nil {
		return err
	}
	if err := d.reserve(pngMemory(body, d.info.Width, d.info.Height), pngChunk(body, "eXIf")); err != nil {
		return err
	}
	source := &reader{check: d.check, data: body}
	img, err := png.Decode(source)
	if err != nil {
		return asReject(err, source.drained)
	}
	if m, ok := img.(*image.Paletted); ok { // image/png adds black where indices have no colour
		m.Palette = m.Palette[:min(len(m.Palette), len(pngChunk(body, "PLTE"))/3)]
	}
	d.begin()
	return d.rows(rowsOf(img))
}

// pngMemory is what image/png takes for an image, as its header chunk describes
// it: up to 8 bytes a pixel, and the passes of an interlaced one beside it.
func pngMemory(body []byte, width, height int) int64 {
	const deepest, palette = 16, 3
	depth, colour, interlaced := body[24], body[25], body[28] != 0
	pixel := int64(4)
	switch {
	case colour == palette:
		pixel = 1
	case depth == deepest:
		pixel = 8
	}
	if interlaced {
		pixel *= 2
	}
	return pixel*int64(width)*int64(height) + 16*int64(width)
}

// pngChunk returns the content of the first chunk of that name, or nil.
func pngChunk(body []byte, id string) []byte {
	rest := body[len(pngSignature):]
	for len(rest) >= 12 {
		n := int(binary.BigEndian.Uint32(rest))
		if n > len(rest)-12 {
			break
		}
		if has(rest, 4, id) {
			return rest[8 : 8+n]
		}
		rest = rest[12+n:]
	}
	return nil
}

// rowsOf returns what writes row y of img as RGB without its alpha. It knows the
// types that the png and vp8l packages return; their colours are straight.
func rowsOf(img image.Image) func(y int, rgb []byte) {
	switch m := img.(type) {
	case *image.Gray:
		return func(y int, rgb []byte) { grayRow(rgb, m.Pix[y*m.Stride:], 1) }
	case *image.Gray16:
		return func(y int, rgb []byte) { grayRow(rgb, m.Pix[y*m.Stride:], 2) }
	case *image.RGBA:
		return func(y int, rgb []byte) { colourRow(rgb, m.Pix[y*m.Stride:]) }
	case *image.NRGBA:
		return func(y int, rgb []byte) { colourRow(rgb, m.Pix[y*m.Stride:]) }
	case *image.RGBA64:
		return func(y int, rgb []byte) { wideRow(rgb, m.Pix[y*m.Stride:]) }
	case *image.NRGBA64:
		return func(y int, rgb []byte) { wideRow(rgb, m.Pix[y*m.Stride:]) }
	case *image.Paletted:
		colours := straight(m.Palette)
		return func(y int, rgb []byte) { colours.row(rgb, m.Pix[y*m.Stride:]) }
	}
	panic("decode: unexpected image type")
}

// grayRow spreads samples of which the first of each size bytes counts.
func grayRow(rgb, pix []byte, size int) {
	for i := 0; i < len(rgb); i += 3 {
		v := pix[i/3*size]
		rgb[i], rgb[i+1], rgb[i+2] = v, v, v
	}
}

// colourRow drops the fourth byte of each pixel.
func colourRow(rgb, pix []byte) {
	for len(rgb) >= 3 {
		p := pix[:4:4]
		rgb[0], rgb[1], rgb[2] = p[0], p[1], p[2]
		rgb, pix = rgb[3:], pix[4:]
	}
}

// wideRow keeps the high bytes of big-endian 16-bit samples.
func wideRow(rgb, pix []byte) {
	for len(rgb) >= 3 {
		p := pix[:8:8]
		rgb[0], rgb[1], rgb[2] = p[0], p[2], p[4]
		rgb, pix = rgb[3:], pix[8:]
	}
}

func straight(p color.Palette) *palette {
	colours := grayRamp()
	for i, c := range p[:min(len(p), 256)] {
		switch c := c.(type) {
		case color.RGBA:
			colours[i] = [3]byte{c.R, c.G, c.B}
		case color.NRGBA:
			colours[i] = [3]byte{c.R, c.G, c.B}
		}
	}
	return colours
}
