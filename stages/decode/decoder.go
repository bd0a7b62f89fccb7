// Package decode turns encoded images into the square RGB pixels that the model
// sees, equal to Pillow's Image.open(f).convert("RGB").resize((S, S), filter), or
// to torchvision's Resize(ShortSide) and CenterCrop(S) on that image.
//
// JPEG, PNG, GIF (first frame on its canvas), WebP (first frame) and BMP are
// decoded, told apart by content. Alpha is dropped, colours stay unpremultiplied.
// 16-bit samples keep their high byte; Pillow clips 16-bit gray at 255 instead,
// which turns most such images white. No colour profile is applied.
package decode

import (
	"compress/lzw"
	"context"
	"errors"
	"fmt"
	"image/png"
	"io"

	"github.com/sdl-batch/sdl-batch/stages/decode/jpeg"
	"github.com/sdl-batch/sdl-batch/stages/decode/resize"
)

// Spec says what pixels come out. It is part of a model's description.
type Spec struct {
	Size      int    // S, pixels per side; required
	ShortSide int    // 0: stretched to the square; else the shorter side's pixels before the middle is kept
	Filter    string // a name that resize.FilterByName knows; required
	ApplyEXIF bool   // turn the image upright as its Exif orientation says
}

// Info describes the image as it was stored.
type Info struct {
	Width, Height int    // pixels, before any Exif rotation; 0 where not known
	Format        string // FormatJPEG, …, or what Sniff recognised; may be empty
}

// Decoder decodes images one after the other and keeps its buffers between
// them. It is not safe for concurrent use: make one per goroutine.
type Decoder struct {
	spec   Spec
	limits Limits
	canvas canvas
	guard  guard
	info   Info

	budget  *budget // shared with the stage's other decoders; may be nil
	claimed int64   // of the budget, for this image
	turn    int     // Exif orientation to undo, 1-8

	jpeg    jpegDecoder
	line    []byte // one row RGB
	indices []byte // an image of palette indices
	lzw     *lzw.Reader

	// Bound once: binding them per image would allocate.
	check func() error
	row   func(y int, rgb []byte)
}

// New returns a Decoder. Its error means a wrong Spec.
func New(spec Spec, limits Limits) (*Decoder, error) {
	filter, err := resize.FilterByName(spec.Filter)
	if err != nil {
		return nil, err
	}
	resizer, err := resize.NewCrop(spec.Size, spec.ShortSide, filter)
	if err != nil {
		return nil, err
	}
	d := &Decoder{spec: spec, limits: limits.withDefaults(), canvas: canvas{resizer: resizer}, jpeg: newJPEG()}
	d.check, d.row = d.guard.check, d.canvas.row
	return d, nil
}

// Decode decodes body and writes S*S*3 bytes, rows of RGB pixels, to dst. The
// body is only read. Info is filled in as far as it became known, also on error.
//
// The error is an *Error where the image is at fault, and the cause of ctx where
// ctx ended; dst is then undefined. Decode panics if dst has another length.
func (d *Decoder) Decode(ctx context.Context, body []byte, dst []uint8) (Info, error) {
	if want := 3 * d.spec.Size * d.spec.Size; len(dst) != want {
		panic(fmt.Sprintf("decode: dst holds %d bytes, want %d", len(dst), want))
	}
	d.info = Info{}
	d.guard.begin(ctx, d.limits.Timeout)
	defer d.release()
	err := d.decodeRecovered(body)
	if d.guard.err != nil {
		return d.info, d.guard.err
	}
	if err != nil {
		return d.info, err
	}
	d.canvas.finish(dst)
	return d.info, nil
}

func (d *Decoder) decodeRecovered(body []byte) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = refuse(CodePanic, "decoder of %s: %v", d.info.Format, p)
		}
	}()
	if len(body) == 0 {
		return refuse(CodeEmpty, "no bytes")
	}
	if int64(len(body)) > d.limits.MaxBytes {
		return refuse(CodeTooManyBytes, "%d bytes, the limit is %d", len(body), d.limits.MaxBytes)
	}
	if err := d.check(); err != nil {
		return err
	}
	return d.dispatch(body)
}

func (d *Decoder) dispatch(body []byte) error {
	format, decodable := Sniff(body)
	d.info.Format = format
	if format == "" {
		return refuse(CodeUnknownFormat, "%d bytes that start with %q", len(body), body[:min(len(body), 8)])
	}
	if !decodable {
		return refuse(CodeUnsupportedFormat, "%s images are not decoded", format)
	}
	switch format {
	case FormatJPEG:
		return d.decodeJPEG(body)
	case FormatPNG:
		return d.decodePNG(body)
	case FormatGIF:
		return d.decodeGIF(body)
	case FormatWebP:
		return d.decodeWebP(body)
	}
	return d.decodeBMP(body)
}

// measure notes the size that the header claims and refuses what is too large,
// before memory is taken for it.
func (d *Decoder) measure(width, height int) error {
	d.info.Width, d.info.Height = width, height
	if width <= 0 || height <= 0 {
		return refuse(CodeCorrupt, "%d x %d pixels", width, height)
	}
	if max(width, height) > d.limits.MaxSide || int64(width)*int64(height) > d.limits.MaxPixels {
		return refuse(CodeTooManyPixels, "%d x %d pixels, the limit is %d in all and %d per side",
			width, height, d.limits.MaxPixels, d.limits.MaxSide)
	}
	return nil
}

// reserve waits until the budget has room for an image whose decoding takes need
// bytes, and notes how exif, which may be nil, wants it turned. An image is not
// to blame for the wait: its time stands still.
func (d *Decoder) reserve(need int64, exif []byte) error {
	d.turn = 1
	if d.spec.ApplyEXIF {
		d.turn = orientation(exif)
	}
	if d.turn >= 5 {
		need += turnedBytesPerPixel * int64(d.info.Width) * int64(d.info.Height)
	}
	if err := d.check(); err != nil {
		return err
	}
	claimed, err := d.budget.claim(d.guard.ctx, need)
	d.claimed = claimed
	d.guard.resume(err)
	return err
}

// begin starts the canvas of an image for which memory was reserved.
func (d *Decoder) begin() {
	d.line = sized(d.line, 3*d.info.Width)
	d.canvas.begin(d.info.Width, d.info.Height, d.turn)
}

// rows fills each row of the image and passes it on.
func (d *Decoder) rows(fill func(y int, rgb []byte)) error {
	for y := range d.info.Height {
		if y%64 == 0 {
			if err := d.check(); err != nil {
				return err
			}
		}
		fill(y, d.line)
		d.row(y, d.line)
	}
	return nil
}

func (d *Decoder) release() {
	d.guard.ctx = nil
	if cap(d.indices) > keepBytes {
		d.indices = nil
	}
	d.canvas.release()
	d.jpeg.Release(keepJPEGBytes)
	d.budget.release(d.claimed)
	d.claimed = 0
}

// asReject keeps rejects and gives any other error of a decoder a code.
func asReject(err error, drained bool) error {
	var r *Error
	switch {
	case err == nil || errors.As(err, &r):
		return err
	case drained || errors.Is(err, jpeg.ErrTruncated) || errors.Is(err, io.ErrUnexpectedEOF):
		return refuse(CodeTruncated, "%v", err)
	case notSupported(err):
		return refuse(CodeUnsupportedFormat, "%v", err)
	}
	return refuse(CodeCorrupt, "%v", err)
}

func notSupported(err error) bool {
	var variant png.UnsupportedError
	return errors.Is(err, jpeg.ErrUnsupported) || errors.As(err, &variant)
}
