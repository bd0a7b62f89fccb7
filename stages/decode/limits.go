package decode

import (
	"time"

	"github.com/sdl-batch/sdl-batch/stages/decode/jpeg"
	"github.com/sdl-batch/sdl-batch/stages/decode/resize"
)

// Limits bounds what one image may cost. Zero fields take the default.
type Limits struct {
	MaxBytes  int64         // length of the encoded image, default 64 MiB
	MaxPixels int64         // width x height, as the header says; default 50 million
	MaxSide   int           // longer side in pixels, default 65,535
	Timeout   time.Duration // for decoding and resizing, default 10 s
}

// keepBytes is the size from which a buffer is dropped after the image that
// needed it.
const keepBytes = 32 << 20

func (l Limits) withDefaults() Limits {
	if l.MaxBytes <= 0 {
		l.MaxBytes = 64 << 20
	}
	if l.MaxPixels <= 0 {
		l.MaxPixels = 50_000_000
	}
	if l.MaxSide <= 0 {
		l.MaxSide = 65_535
	}
	if l.Timeout <= 0 {
		l.Timeout = 10 * time.Second
	}
	return l
}

const (
	// pngBytesPerPixel: 16-bit RGBA, and once more in the passes of an interlaced image.
	pngBytesPerPixel = 8 + 8
	// webpBytesPerPixel: a lossless image, and once more while its palette is applied.
	webpBytesPerPixel = 4 + 4
	// turnedBytesPerPixel: the image kept until its rows and columns can be swapped.
	turnedBytesPerPixel = 3
	// fixedBytes covers inflate and LZW windows, tables and read buffers.
	fixedBytes = 1 << 20
)

// MaxMemory is an upper bound in bytes of what one Decoder holds while it decodes
// an image within the limits, the encoded body itself and dst not counted:
//
//	max(jpeg, 16·MaxPixels) + 3·MaxPixels + MaxBytes + O(MaxSide + S²)
//
// where jpeg is 12·MaxPixels, a progressive CMYK image, plus padding, and MaxBytes
// is the copy of its data that a lossy WebP decoder makes. A usual image needs
// far less: 1.5 bytes a pixel for a baseline 4:2:0 JPEG, 4.5 for a progressive
// one, 4 for a PNG. Only a lossless WebP made to hurt can break the bound: golang.org/x/image
// takes up to 50 kB for each of up to 65,536 Huffman groups, which need a body of
// many megabytes and not many pixels.
func (l Limits) MaxMemory(spec Spec) int64 {
	l = l.withDefaults()
	filter, err := resize.FilterByName(spec.Filter)
	if err != nil {
		return 0
	}
	pixels := l.MaxPixels
	planes := max(jpeg.MaxMemory(pixels, l.MaxSide), pngBytesPerPixel*pixels, webpBytesPerPixel*pixels)
	rows := int64(3*(columnsAtOnce+2)) * int64(l.MaxSide)
	return planes + l.MaxBytes + turnedBytesPerPixel*pixels + rows + resize.MaxMemory(spec.Size, l.MaxSide, filter) + fixedBytes
}
