package scenes

import (
	"image"
	"image/color"
	"math"
	"math/rand/v2"

	"golang.org/x/image/vector"
)

// Side is the width and height of a scene in pixels.
const Side = 128

// Draw returns scene number index of the series that seed names, and the tags
// that are true of it in the order of the vocabulary. The same arguments give
// the same tags and, but for rounding between kinds of processors, picture.
func Draw(seed int64, index int) (image.Image, []string) {
	rng := newRand(seed, index)
	panels := compose(rng)
	canvas := image.NewRGBA(image.Rect(0, 0, Side, Side))
	for _, p := range panels {
		p.cloth.paint(canvas, p.place, rng)
		p.object.paint(canvas, p.place)
	}
	return canvas, tagsOf(panels)
}

func tagsOf(panels []panel) []string {
	given := map[string]bool{}
	for _, p := range panels {
		p.tags(given)
	}
	tags := []string{}
	for _, t := range Tags() {
		if given[t.Name] {
			tags = append(tags, t.Name)
		}
	}
	return tags
}

// grain is the spread of a cloth's lightness around its pattern's.
const grain = 0.015

// paint lays the cloth over a part of the canvas, with a little grain.
func (c cloth) paint(canvas *image.RGBA, place image.Rectangle, rng *rand.Rand) {
	for y := place.Min.Y; y < place.Max.Y; y++ {
		for x := place.Min.X; x < place.Max.X; x++ {
			at := point{float64(x) + 0.5 - c.centre.x, float64(y) + 0.5 - c.centre.y}
			light := c.ground + (c.print-c.ground)*c.pattern(at, c.period, c.slant)
			canvas.SetRGBA(x, y, scale(c.tint, min(1, max(0, light+grain*rng.NormFloat64()))))
		}
	}
}

func scale(c color.RGBA, by float64) color.RGBA {
	part := func(v uint8) uint8 { return uint8(math.Round(float64(v) * by)) }
	return color.RGBA{part(c.R), part(c.G), part(c.B), 255}
}

// paint lays the object over its place with soft edges.
func (o object) paint(canvas *image.RGBA, place image.Rectangle) {
	own := hsv(o.hue, 1-o.whiting, o.value)
	cover := o.coverage(place)
	for y := place.Min.Y; y < place.Max.Y; y++ {
		for x := place.Min.X; x < place.Max.X; x++ {
			if a := cover.AlphaAt(x-place.Min.X, y-place.Min.Y).A; a > 0 {
				canvas.SetRGBA(x, y, mix(canvas.RGBAAt(x, y), own, float64(a)/255))
			}
		}
	}
}

// coverage is the share of each pixel of the place that the outline encloses.
func (o object) coverage(place image.Rectangle) *image.Alpha {
	raster := vector.NewRasterizer(place.Dx(), place.Dy())
	left, top := o.centre.x-float64(place.Min.X), o.centre.y-float64(place.Min.Y)
	for _, polygon := range o.shape.outline() {
		for i, p := range polygon {
			p = p.turned(o.turn)
			x, y := float32(left+o.radius*p.x), float32(top+o.radius*p.y)
			if i == 0 {
				raster.MoveTo(x, y)
			} else {
				raster.LineTo(x, y)
			}
		}
		raster.ClosePath()
	}
	cover := image.NewAlpha(image.Rect(0, 0, place.Dx(), place.Dy()))
	raster.Draw(cover, cover.Bounds(), image.Opaque, image.Point{})
	return cover
}

func mix(a, b color.RGBA, share float64) color.RGBA {
	part := func(x, y uint8) uint8 {
		return uint8(math.Round(float64(x) + share*(float64(y)-float64(x))))
	}
	return color.RGBA{part(a.R, b.R), part(a.G, b.G), part(a.B, b.B), 255}
}

func newRand(seed int64, index int) *rand.Rand {
	return rand.New(rand.NewPCG(uint64(seed), uint64(index)))
}
