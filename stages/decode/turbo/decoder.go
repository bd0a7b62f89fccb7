//go:build turbojpeg && cgo

// Package turbo decodes JPEG with libjpeg-turbo through its TurboJPEG interface,
// about twice as fast as package jpeg and with the same pixels. Whatever the
// library refuses or warns about goes to package jpeg, so that a bad image is
// bad for the same reason in both builds.
package turbo

/*
#cgo LDFLAGS: -lturbojpeg
#include <turbojpeg.h>
*/
import "C"

import (
	"unsafe"

	"github.com/sdl-batch/sdl-batch/stages/decode/jpeg"
)

// Decoder has the methods of jpeg.Decoder. Make it with New.
//
// check cannot interrupt the library; it is asked before and after. Images of
// more than 500 scans, which could keep the library busy for long, go to package
// jpeg.
type Decoder struct {
	fallback jpeg.Decoder
	body     []byte
	head     jpeg.Header
	pixels   []byte // the whole image, RGB or inverted CMYK
	rgb      []byte // one row
}

// New returns a Decoder.
func New() *Decoder { return &Decoder{} }

// Open reads the header.
func (d *Decoder) Open(body []byte) (jpeg.Header, error) {
	head, err := d.fallback.Open(body)
	head.Memory += int64(max(3, head.Components)) * int64(head.Width) * int64(head.Height)
	d.body, d.head = body, head
	return head, err
}

// Decode hands the rows of the image that Open began to row.
func (d *Decoder) Decode(check func() error, row func(y int, rgb []byte)) error {
	if err := check(); err != nil {
		return err
	}
	if !d.decompress() {
		return d.fallback.Decode(check, row)
	}
	if err := check(); err != nil {
		return err
	}
	d.emit(row)
	return nil
}

// decompress fills pixels; false means the library found something to say. Each
// image has a handle of its own: a handle remembers tables, and an image that
// lacks some would be decoded with those of another.
func (d *Decoder) decompress() bool {
	handle := C.tjInitDecompress()
	if handle == nil {
		return false
	}
	defer C.tjDestroy(handle)
	format, size := C.int(C.TJPF_RGB), 3
	if d.head.Components == 4 {
		format, size = C.TJPF_CMYK, 4
	}
	if n := size * d.head.Width * d.head.Height; cap(d.pixels) < n {
		d.pixels = make([]byte, n)
	} else {
		d.pixels = d.pixels[:n]
	}
	const flags = C.TJFLAG_ACCURATEDCT | C.TJFLAG_STOPONWARNING | C.TJFLAG_LIMITSCANS
	status := C.tjDecompress2(handle,
		(*C.uchar)(unsafe.Pointer(unsafe.SliceData(d.body))), C.ulong(len(d.body)),
		(*C.uchar)(unsafe.Pointer(unsafe.SliceData(d.pixels))),
		C.int(d.head.Width), 0, C.int(d.head.Height), format, flags)
	return status == 0
}

func (d *Decoder) emit(row func(y int, rgb []byte)) {
	width := d.head.Width
	if d.head.Components != 4 {
		for y := range d.head.Height {
			row(y, d.pixels[3*width*y:][:3*width])
		}
		return
	}
	if cap(d.rgb) < 3*width {
		d.rgb = make([]byte, 3*width)
	}
	for y := range d.head.Height {
		rgb := d.rgb[:3*width]
		jpeg.FromInverted(rgb, d.pixels[4*width*y:])
		row(y, rgb)
	}
}

// Release drops the buffers if they are larger than maxBytes in all.
func (d *Decoder) Release(maxBytes int) {
	d.body = nil
	if cap(d.pixels) > maxBytes {
		d.pixels = nil
	}
	d.fallback.Release(maxBytes - cap(d.pixels))
}
