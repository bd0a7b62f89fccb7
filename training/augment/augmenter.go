package augment

import (
	"fmt"
	"math/rand/v2"
)

// Augmenter applies a Config to one image after the other. It keeps a copy of
// an image as scratch, so one Augmenter is for one goroutine at a time; several
// goroutines take one each. After the first image of a size it allocates nothing.
type Augmenter struct {
	config  Config
	scratch []uint8
}

// New returns an Augmenter, or what Validate says against c.
func New(c Config) (*Augmenter, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	return &Augmenter{config: c}, nil
}

// Apply changes an image [size,size,3] in place. The same image, size, Config
// and state of rng give the same result. It panics when pixels is no image of
// that size.
func (a *Augmenter) Apply(pixels []uint8, size int, rng *rand.Rand) {
	if size < 1 || len(pixels) != 3*size*size {
		panic(fmt.Sprintf("augment: %d bytes for an image of %d x %d", len(pixels), size, size))
	}
	if len(a.scratch) != len(pixels) {
		a.scratch = make([]uint8, len(pixels))
	}
	p := picture{pixels, a.scratch, size}
	if a.config.Flip && rng.IntN(2) == 1 {
		p.mirror()
	}
	if a.config.Cutout > 0 {
		p.cutout(a.config.Cutout, rng)
	}
	for range a.config.Ops {
		randomOperation(a.config.Magnitude, rng).apply(p)
	}
}

// picture is an image with room for a copy of it.
type picture struct {
	rgb, scratch []uint8 // [size,size,3]
	size         int
}

// original copies the image to the scratch and returns that.
func (p picture) original() []uint8 {
	copy(p.scratch, p.rgb)
	return p.scratch
}

// row returns line y of an image of the picture's size.
func (p picture) row(image []uint8, y int) []uint8 { return image[3*p.size*y:][:3*p.size] }

func (p picture) mirror() {
	for y := range p.size {
		row := p.row(p.rgb, y)
		for i, j := 0, len(row)-3; i < j; i, j = i+3, j-3 {
			row[i], row[i+1], row[i+2], row[j], row[j+1], row[j+2] = row[j], row[j+1], row[j+2], row[i], row[i+1], row[i+2]
		}
	}
}

// cutout fills a square of a random colour around a random pixel, cut off at the
// border (DeVries and Taylor 2017). Its side is share of the image's, rounded;
// the method's reference draws it a pixel wider, because Pillow's rectangles
// include their last row and column.
func (p picture) cutout(share float64, rng *rand.Rand) {
	side := int(share*float64(p.size) + 0.5)
	x, y := rng.IntN(p.size)-side/2, rng.IntN(p.size)-side/2
	p.fill(x, y, side, [3]uint8{uint8(rng.IntN(256)), uint8(rng.IntN(256)), uint8(rng.IntN(256))})
}

// fill paints what lies inside the image of the square whose first corner is
// (x, y).
func (p picture) fill(x, y, side int, colour [3]uint8) {
	left, right := max(x, 0), min(x+side, p.size)
	for row := max(y, 0); row < min(y+side, p.size); row++ {
		line := p.row(p.rgb, row)
		for i := left; i < right; i++ {
			copy(line[3*i:], colour[:])
		}
	}
}
