package decode

import (
	"errors"
	"testing"

	"github.com/sdl-batch/sdl-batch/stages/decode/jpeg"
)

// brokenDecoder fails as a decoder with a bug does.
type brokenDecoder struct{}

func (brokenDecoder) Open([]byte) (jpeg.Header, error)                   { panic("index out of range") }
func (brokenDecoder) Decode(func() error, func(y int, rgb []byte)) error { return nil }
func (brokenDecoder) Release(int)                                        {}

// TestPanic: a decoder that panics costs its image only.
func TestPanic(t *testing.T) {
	d, err := New(Spec{Size: 4, Filter: "box"}, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	sound := d.jpeg
	d.jpeg = brokenDecoder{}
	dst := make([]byte, 3*4*4)
	info, err := d.Decode(t.Context(), []byte("\xff\xd8\xff\xe0"), dst)
	var r *Error
	if !errors.As(err, &r) || r.Code != CodePanic || info.Format != FormatJPEG {
		t.Errorf("%v %v, want a reject with code %s", info, err, CodePanic)
	}
	d.jpeg = sound
	if _, err := d.Decode(t.Context(), []byte("\xff\xd8\xff\xe0"), dst); !errors.As(err, &r) || r.Code != CodeTruncated {
		t.Errorf("after the panic: %v, want code %s", err, CodeTruncated)
	}
}

// TestOrientation reads the tag in both byte orders and shrugs at nonsense.
func TestOrientation(t *testing.T) {
	little := []byte("II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00")
	big := []byte("MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x08\x00\x00")
	nine := []byte("II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x09\x00\x00\x00")
	far := []byte("II*\x00\xff\xff\xff\xff\x01\x00")
	for _, c := range []struct {
		exif []byte
		want int
	}{{little, 6}, {big, 8}, {nine, 1}, {far, 1}, {little[:12], 1}, {nil, 1}, {[]byte("JUNKJUNK"), 1}} {
		if got := orientation(c.exif); got != c.want {
			t.Errorf("orientation of %q is %d, want %d", c.exif, got, c.want)
		}
	}
}

func FuzzOrientation(f *testing.F) {
	f.Add([]byte("II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, exif []byte) {
		if got := orientation(exif); got < 1 || got > 8 {
			t.Errorf("orientation %d", got)
		}
	})
}
