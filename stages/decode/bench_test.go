package decode_test

import (
	"bytes"
	"image/jpeg"
	"testing"

	"github.com/sdl-batch/sdl-batch/model/golden"
	"github.com/sdl-batch/sdl-batch/stages/decode"
)

// BenchmarkDecode is the whole way from a 500 x 375 image to 224 x 224 pixels.
func BenchmarkDecode(b *testing.B) {
	for _, file := range []string{"photo_420.jpg", "photo_444_prog.jpg", "gray.jpg", "alpha.png", "pal.png", "lossy.webp", "large.jpg"} {
		b.Run(file, func(b *testing.B) {
			body := readFile(b, golden.Own("preprocess/"+file))
			d, err := decode.New(decode.Spec{Size: 224, Filter: "bicubic"}, decode.Limits{})
			if err != nil {
				b.Fatal(err)
			}
			dst := make([]byte, 224*224*3)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := d.Decode(b.Context(), body, dst); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkStandardLibrary is the yardstick for BenchmarkDecode: the same JPEG to
// YCbCr, neither upsampled nor resized.
func BenchmarkStandardLibrary(b *testing.B) {
	body := readFile(b, golden.Own("preprocess/photo_420.jpg"))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := jpeg.Decode(bytes.NewReader(body)); err != nil {
			b.Fatal(err)
		}
	}
}
