package decode

import "github.com/sdl-batch/sdl-batch/stages/decode/jpeg"

// jpegDecoder is what jpeg.Decoder does and, in builds with the tag turbojpeg,
// libjpeg-turbo.
type jpegDecoder interface {
	Open(body []byte) (jpeg.Header, error)
	Decode(check func() error, row func(y int, rgb []byte)) error
	Release(maxBytes int)
}

func (d *Decoder) decodeJPEG(body []byte) error {
	head, err := d.jpeg.Open(body)
	if err != nil {
		return asReject(err, false)
	}
	if err := d.measure(head.Width, head.Height); err != nil {
		return err
	}
	if err := d.reserve(head.Memory, head.Exif); err != nil {
		return err
	}
	d.begin()
	return asReject(d.jpeg.Decode(d.check, d.row), false)
}
