// Package jpeg decodes JPEG images to RGB with the arithmetic of libjpeg-turbo:
// its accurate integer inverse DCT, its "fancy" triangle chroma upsampling and
// its integer colour conversion, so that pixels equal Pillow's bit for bit.
//
// Baseline, extended sequential and progressive Huffman images of 8 bits and of
// one, three or four components are read, with any integral subsampling.
// Arithmetic coding, lossless and 12-bit images and JPEG-LS are ErrUnsupported.
// Huffman tables that a sequential image lacks are the standard's typical ones.
//
// Unlike libjpeg, which paints gray over damage and goes on, a damaged image is
// an error. Stray bytes between segments and after the image are ignored. Nor are
// blocks smoothed where a progressive image never sends its last bits.
package jpeg

import (
	"errors"
	"fmt"
)

// The kinds of failure; test with errors.Is.
var (
	ErrTruncated   = errors.New("jpeg ends early")
	ErrCorrupt     = errors.New("corrupt jpeg")
	ErrUnsupported = errors.New("unsupported jpeg")
)

// Header says what the markers before the first scan tell.
type Header struct {
	Width, Height int    // pixels, as stored
	Components    int    // 1 gray, 3 YCbCr or RGB, 4 CMYK or YCCK
	Exif          []byte // TIFF structure of the Exif segment, or nil; part of the body
	Memory        int64  // bytes that Decode takes for samples and coefficients
}

// Decoder reads one image at a time: Open, then Decode. Its buffers are used
// again for the next image. The zero value is ready; not safe for concurrent use.
type Decoder struct {
	data  []byte
	pos   int
	head  Header
	frame frame

	quant  [4]quantTable
	tables [2][4]huffman // class (0 DC, 1 AC), destination

	restartInterval int // MCUs, 0 none
	jfif            bool
	adobe           bool
	adobeTransform  byte

	bits   bitReader
	scan   scan
	eobRun int32
	block  block

	upsampled [maxComponents][]byte
	rgb       []byte
	maps      *ycc
}

// Open reads the markers up to the frame header. The body is kept until the
// next Open and is not written to.
func (d *Decoder) Open(body []byte) (Header, error) {
	d.data, d.pos, d.head = body, 0, Header{}
	d.frame.reset()
	d.quant = [4]quantTable{}
	for class := range d.tables {
		for i := range d.tables[class] {
			d.tables[class][i].defined = false
		}
	}
	d.restartInterval, d.jfif, d.adobe, d.adobeTransform = 0, false, false, 0
	if len(body) < 2 {
		return d.head, ErrTruncated
	}
	if body[0] != 0xff || body[1] != markerSOI {
		return d.head, fmt.Errorf("%w: no start of image", ErrCorrupt)
	}
	d.pos = 2
	err := d.untilFrame()
	return d.head, err
}

// Decode reads the image that Open began and hands its rows, top to bottom, to
// row; rgb holds Width*3 bytes and is valid during the call only. check is asked
// every few rows whether to go on; its error ends the decoding and is returned.
func (d *Decoder) Decode(check func() error, row func(y int, rgb []byte)) error {
	if err := d.frame.allocate(); err != nil {
		return err
	}
	if err := d.scans(check); err != nil {
		return err
	}
	if d.frame.progressive {
		if err := d.reconstruct(check); err != nil {
			return err
		}
	}
	return d.convert(check, row)
}

// Release drops the buffers if they are larger than maxBytes in all.
func (d *Decoder) Release(maxBytes int) {
	d.data, d.head = nil, Header{}
	d.bits.data = nil
	if d.frame.held() <= maxBytes {
		return
	}
	for i := range d.frame.all {
		c := &d.frame.all[i]
		c.plane, c.coefficients = nil, nil
	}
}

// MaxMemory is an upper bound in bytes of what decoding an image of that many
// pixels, with the longer side at most side, holds.
func MaxMemory(pixels int64, side int) int64 {
	const padding = 8*maxSampling - 1
	padded := pixels + 2*padding*int64(side) + padding*padding
	return 3*maxComponents*padded + (maxComponents+3)*int64(side+8*maxSampling) + 64<<10
}
