package scenes

import (
	"image"

	"github.com/sdl-batch/sdl-batch/stages/decode/resize"
)

// newShrinker returns a function that scales pictures to a side, as a model with
// the bilinear filter does that reads them in full size; 0 keeps them. The
// function and its result are for one goroutine, the result until the next call.
func newShrinker(side int) func(image.Image) image.Image {
	if side == 0 || side == Side {
		return func(picture image.Image) image.Image { return picture }
	}
	s := &shrinker{row: make([]byte, 3*Side), rgb: make([]byte, 3*side*side), small: image.NewRGBA(image.Rect(0, 0, side, side))}
	filter, err := resize.FilterByName("bilinear")
	if err == nil {
		s.resizer, err = resize.New(side, filter)
	}
	if err != nil {
		panic("scenes: " + err.Error())
	}
	return func(picture image.Image) image.Image { return s.shrink(picture.(*image.RGBA)) }
}

type shrinker struct {
	resizer *resize.Resizer
	row     []byte // one row of a picture, RGB
	rgb     []byte // the scaled picture
	small   *image.RGBA
}

func (s *shrinker) shrink(picture *image.RGBA) *image.RGBA {
	s.resizer.Begin(Side, Side)
	for y := range Side {
		for x := range Side {
			copy(s.row[3*x:3*x+3], picture.Pix[picture.PixOffset(x, y):])
		}
		s.resizer.Row(y, s.row)
	}
	s.resizer.Finish(s.rgb)
	for i := range len(s.rgb) / 3 {
		copy(s.small.Pix[4*i:], s.rgb[3*i:3*i+3])
		s.small.Pix[4*i+3] = 255
	}
	return s.small
}
