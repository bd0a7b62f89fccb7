package scenes

import (
	"image"
	"image/color"
	"math"
	"math/rand/v2"
)

// size names a range of radii, as shares of the picture's side; the middle one
// has no name.
type size struct {
	name     string
	side     float64 // -1 small, 0, 1 large
	min, max float64
}

var sizes = []size{{"small", -1, 0.115, 0.13}, {"", 0, 0.15, 0.165}, {"large", 1, 0.19, 0.205}}

// object is the coloured thing on a panel. Lengths are in pixels.
type object struct {
	hue            float64 // degrees
	light          float64 // -1 dark, 0, 1 pale
	shape          shape
	size           size
	centre         point
	radius         float64
	turn           float64 // radians
	value, whiting float64 // of the colour, 0 to 1
}

func randomObject(rng *rand.Rand, place image.Rectangle) object {
	o := object{
		hue:   360 * rng.Float64(),
		light: []float64{-1, 0, 0, 1}[rng.IntN(4)],
		shape: shapes[rng.IntN(len(shapes))],
		size:  sizes[rng.IntN(len(sizes))],
		turn:  radians(between(rng, -12, 12)),
	}
	o.radius = between(rng, o.size.min, o.size.max) * Side
	o.value, o.whiting = tone(rng, o.light)
	o.centre = inside(rng, place, reach*o.radius)
	return o
}

// tone draws how bright a colour is and how much white is in it.
func tone(rng *rand.Rand, light float64) (value, whiting float64) {
	switch {
	case light > 0:
		return between(rng, 0.93, 1), between(rng, 0.52, 0.62)
	case light < 0:
		return between(rng, 0.38, 0.48), between(rng, 0, 0.1)
	}
	return between(rng, 0.8, 0.95), between(rng, 0.05, 0.18)
}

func between(rng *rand.Rand, low, high float64) float64 { return low + (high-low)*rng.Float64() }

// names are those of the object, without hypernyms.
func (o object) names() []string {
	names := []string{o.shape.name}
	if o.shape.kindOf != "" {
		names = append(names, o.shape.kindOf)
	}
	if o.size.name != "" {
		names = append(names, o.size.name)
	}
	for _, c := range colours {
		if circleDistance(o.hue, c.hue) <= hueReach {
			names = append(names, c.name)
		}
	}
	for _, t := range tones {
		if t.light == o.light {
			names = append(names, t.name)
		}
	}
	return names
}

// hsv converts hue in degrees, saturation and value in 0 to 1.
func hsv(hue, saturation, value float64) color.RGBA {
	channel := func(n float64) uint8 {
		k := math.Mod(n+hue/60, 6)
		return uint8(math.Round(255 * (value - value*saturation*max(0, min(k, 4-k, 1)))))
	}
	return color.RGBA{channel(5), channel(3), channel(1), 255}
}
