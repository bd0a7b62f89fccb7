package scenes

import (
	"cmp"
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"slices"

	"golang.org/x/image/vector"
)

// Side is the width and height of a scene in pixels.
const Side = 128

const (
	maxObjects   = 3
	placingTries = 200
	gap          = 3 // pixels between objects and to the border, at least
)

// Draw returns scene number index of the series that seed names, and the tags
// that are true of it in the order of the vocabulary. The same arguments give
// the same tags and, but for rounding between kinds of processors, picture.
func Draw(seed int64, index int) (image.Image, []string) {
	rng := newRand(seed, index)
	objects := compose(rng)
	canvas := background(rng)
	for _, o := range objects {
		paint(canvas, o)
	}
	return canvas, tagsOf(objects)
}

// compose draws objects and places them without overlap, the largest first. One
// that finds no place is left out.
func compose(rng *rand.Rand) []object {
	drawn := make([]object, 1+rng.IntN(maxObjects))
	for i := range drawn {
		drawn[i] = randomObject(rng)
	}
	slices.SortStableFunc(drawn, func(a, b object) int { return cmp.Compare(b.radius, a.radius) })
	var placed []object
	for _, o := range drawn {
		if place(rng, &o, placed) {
			placed = append(placed, o)
		}
	}
	return placed
}

func place(rng *rand.Rand, o *object, among []object) bool {
	margin := o.radius + gap
	for range placingTries {
		o.centre = point{between(rng, margin, Side-margin), between(rng, margin, Side-margin)}
		if !slices.ContainsFunc(among, func(other object) bool {
			return math.Hypot(o.centre.x-other.centre.x, o.centre.y-other.centre.y) < o.radius+other.radius+gap
		}) {
			return true
		}
	}
	return false
}

func tagsOf(objects []object) []string {
	given := map[string]bool{}
	for _, o := range objects {
		o.tags(given)
	}
	tags := []string{}
	for _, t := range Tags() {
		if given[t.Name] {
			tags = append(tags, t.Name)
		}
	}
	return tags
}

// background is a nearly gray slope, light or dark, with a little grain.
func background(rng *rand.Rand) *image.RGBA {
	canvas := image.NewRGBA(image.Rect(0, 0, Side, Side))
	level := between(rng, 0.82, 0.96)
	if rng.IntN(2) == 0 {
		level = between(rng, 0.1, 0.22)
	}
	tint := hsv(360*rng.Float64(), 0.06, 1)
	sin, cos := math.Sincos(2 * math.Pi * rng.Float64())
	for y := range Side {
		for x := range Side {
			slope := (cos*float64(x-Side/2) + sin*float64(y-Side/2)) / Side
			light := min(1, level+0.08*slope+0.015*rng.NormFloat64())
			canvas.SetRGBA(x, y, scale(tint, max(0, light)))
		}
	}
	return canvas
}

func scale(c color.RGBA, by float64) color.RGBA {
	part := func(v uint8) uint8 { return uint8(math.Round(float64(v) * by)) }
	return color.RGBA{part(c.R), part(c.G), part(c.B), 255}
}

// paint lays an object over the canvas with soft edges.
func paint(canvas *image.RGBA, o object) {
	ground, print := o.colours()
	cover := coverage(o)
	for y := range Side {
		for x := range Side {
			a := float64(cover.AlphaAt(x, y).A) / 255
			if a == 0 {
				continue
			}
			at := point{float64(x) + 0.5 - o.centre.x, float64(y) + 0.5 - o.centre.y}
			own := mix(ground, print, o.texture.paint(at, o.period, o.slant))
			canvas.SetRGBA(x, y, mix(canvas.RGBAAt(x, y), own, a))
		}
	}
}

// coverage is the share of each pixel that the object's outline encloses.
func coverage(o object) *image.Alpha {
	raster := vector.NewRasterizer(Side, Side)
	sin, cos := math.Sincos(o.turn)
	for _, polygon := range o.shape.outline() {
		for i, p := range polygon {
			x := float32(o.centre.x + o.radius*(p.x*cos-p.y*sin))
			y := float32(o.centre.y + o.radius*(p.x*sin+p.y*cos))
			if i == 0 {
				raster.MoveTo(x, y)
			} else {
				raster.LineTo(x, y)
			}
		}
		raster.ClosePath()
	}
	cover := image.NewAlpha(image.Rect(0, 0, Side, Side))
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
