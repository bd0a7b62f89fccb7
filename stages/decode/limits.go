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

// Buffers that are larger than these after an image are dropped: those of a JPEG
// together, all others each.
const (
	keepJPEGBytes = 32 << 20
	keepBytes     = 8 << 20
)

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
	// webpBytesPerPixel: a lossless image, and once more while its palette is
	// applied, and three images of a sixteenth: two transforms and the code groups.
	webpBytesPerPixel = 4 + 4 + 1
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
// one, 4 for a PNG.
func (l Limits) MaxMemory(spec Spec) int64 {
	l = l.withDefaults()
	pixels := l.MaxPixels
	webp := webpBytesPerPixel*pixels + maxGroups*(groupBytes+groupCodeBytes)
	planes := max(jpeg.MaxMemory(pixels, l.MaxSide)+turboBytesPerPixel*pixels, pngBytesPerPixel*pixels, webp)
	return planes + l.MaxBytes + turnedBytesPerPixel*pixels + l.rowMemory(spec) + fixedBytes
}

// rowMemory is what the rows and the resizing of an image take.
func (l Limits) rowMemory(spec Spec) int64 {
	filter, err := resize.FilterByName(spec.Filter)
	if err != nil {
		return 0
	}
	return int64(3*(columnsAtOnce+2))*int64(l.MaxSide) + resize.MaxMemory(spec.Size, l.MaxSide, filter)
}

// sharedMemory is what the images of a stage that need more than freeBytes may
// take together: one image of any kind at least.
func (l Limits) sharedMemory(spec Spec, workers int) int64 {
	return max(l.MaxMemory(spec), int64(workers)*64<<20)
}

// StageMemory is an upper bound in bytes of what a Stage with that many workers
// holds, pixels of its batches and bodies not counted:
//
//	max(MaxMemory, workers·64 MiB) + workers·(81 MiB + O(MaxSide + S²))
//
// Images that need more than 32 MiB wait for their share of the first term. The
// second is what a worker takes without asking and keeps between images.
func (l Limits) StageMemory(spec Spec, workers int) int64 {
	l = l.withDefaults()
	own := freeBytes + keepJPEGBytes + 2*keepBytes + fixedBytes + l.rowMemory(spec)
	return l.sharedMemory(spec, workers) + int64(workers)*own
}
