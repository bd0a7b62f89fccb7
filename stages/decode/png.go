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
	source := &reader{check: d.check, data: body}
	img, err := png.Decode(source)
	if err != nil {
		return asReject(err, source.drained)
	}
	d.begin(pngExif(body))
	return d.rows(rowsOf(img))
}

// pngExif returns the content of the eXIf chunk, or nil.
func pngExif(body []byte) []byte {
	rest := body[len(pngSignature):]
	for len(rest) >= 12 {
		n := int(binary.BigEndian.Uint32(rest))
		if n > len(rest)-12 {
			break
		}
		if has(rest, 4, "eXIf") {
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
