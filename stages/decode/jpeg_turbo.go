//go:build turbojpeg && cgo

package decode

import "github.com/sdl-batch/sdl-batch/stages/decode/turbo"

// JPEGDecoder names what decodes JPEG in this build.
const JPEGDecoder = "libjpeg-turbo"

// turboBytesPerPixel: the whole image, RGB or CMYK, beside the samples.
const turboBytesPerPixel = 4

func newJPEG() jpegDecoder { return turbo.New() }
