// Package decodetest forges images for tests: the largest that are decoded, in
// few bytes, and those that only their headers make large.
package decodetest

import (
	"bytes"
	"encoding/binary"
)

// Image is a forged image.
type Image struct {
	Name          string // with a file extension
	Width, Height int
	Body          []byte
	Code          string // what it is rejected with; "" decodes
}

// Maxima are images of width x height black pixels, one of each kind that takes
// much memory. Both sides are multiples of 8 and at most 16,376.
func Maxima(width, height int) []Image {
	kinds := []struct {
		name string
		body []byte
	}{
		{"interlaced.png", PNG(width, height, 16, 6, true)},
		{"progressive.jpg", ProgressiveCMYK(width, height, 4)},
		{"turned.jpg", withExif(Baseline(width, height), 6)},
		{"plain.gif", GIF(width, height)},
		{"lossless.webp", Lossless(width, height)},
		{"lossy.webp", Lossy(width, height)},
		{"runs.bmp", RunLengthBMP(width, height)},
	}
	images := make([]Image, len(kinds))
	for i, k := range kinds {
		images[i] = Image{Name: k.name, Width: width, Height: height, Body: k.body}
	}
	return images
}

// Padded is body with zeros behind it, length bytes in all.
func Padded(body []byte, length int) []byte {
	return append(bytes.Clone(body), make([]byte, length-len(body))...)
}

// RunLengthBMP is a bitmap of 8-bit run lengths that ends at once.
func RunLengthBMP(width, height int) []byte {
	out := append([]byte("BM"), make([]byte, 52)...)
	binary.LittleEndian.PutUint32(out[10:], 58)
	binary.LittleEndian.PutUint32(out[14:], 40)
	binary.LittleEndian.PutUint32(out[18:], uint32(width))
	binary.LittleEndian.PutUint32(out[22:], uint32(height))
	binary.LittleEndian.PutUint16(out[28:], 8)
	binary.LittleEndian.PutUint32(out[30:], 1)
	binary.LittleEndian.PutUint32(out[46:], 1) // a palette of one colour
	return append(out, 0, 0, 0, 0, 0, 1)
}

// EndlessRuns is a bitmap of so many runs of 255 pixels, in a row that never ends.
func EndlessRuns(runs int) []byte {
	out := RunLengthBMP(1000, 1000)
	return append(out[:58], bytes.Repeat([]byte{255, 0}, runs)...)
}
