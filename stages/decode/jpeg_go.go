//go:build !turbojpeg || !cgo

package decode

import "github.com/sdl-batch/sdl-batch/stages/decode/jpeg"

// JPEGDecoder names what decodes JPEG in this build.
const JPEGDecoder = "go"

// turboBytesPerPixel: this build holds no image beside the decoder's samples.
const turboBytesPerPixel = 0

func newJPEG() jpegDecoder { return new(jpeg.Decoder) }
