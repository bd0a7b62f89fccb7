package queries_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
)

// drawImages writes n images, no two alike, and one file that is no image. It
// returns their names and that of a file that does not exist, and for the last
// two the stage that must reject them.
func drawImages(dir string, n int) (uris []string, rejects map[string]string, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, nil, err
	}
	for i := range n {
		name, body, err := encode(i)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), body, 0o644)
		}
		if err != nil {
			return nil, nil, err
		}
		uris = append(uris, name)
	}
	const broken, missing = "it's no image.png", "missing.jpg"
	uris = append(uris, broken, missing)
	rejects = map[string]string{broken: "decode", missing: "fetch"}
	return uris, rejects, os.WriteFile(filepath.Join(dir, broken), []byte("plain words"), 0o644)
}

// encode returns the image drawn for i, every third as JPEG.
func encode(i int) (name string, body []byte, err error) {
	var file bytes.Buffer
	if i%3 == 0 {
		err = jpeg.Encode(&file, draw(i), nil)
		return fmt.Sprintf("größe %02d.jpg", i), file.Bytes(), err
	}
	err = png.Encode(&file, draw(i))
	return fmt.Sprintf("%02d.png", i), file.Bytes(), err
}

// draw paints a disc on a slope of colours; i moves and tints both.
func draw(i int) image.Image {
	const width, height = 64, 48
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	x0, y0, r := 8+i*11%48, 8+i*7%32, 6+i%11
	for y := range height {
		for x := range width {
			c := color.RGBA{R: uint8(x * 4), G: uint8(y * 5), B: uint8(i * 37), A: 255}
			if (x-x0)*(x-x0)+(y-y0)*(y-y0) < r*r {
				c = color.RGBA{R: uint8(i * 91), G: uint8(255 - i*13), B: uint8(i * 53), A: 255}
			}
			m.SetRGBA(x, y, c)
		}
	}
	return m
}
