//go:build turbojpeg && cgo

package decode

import "github.com/sdl-batch/sdl-batch/stages/decode/turbo"

// JPEGDecoder names what decodes JPEG in this build.
const JPEGDecoder = "libjpeg-turbo"

func newJPEG() jpegDecoder { return turbo.New() }
