package scenes

import (
	"image"
	"image/color"
	"math"
	"math/rand/v2"
)

// cloth is the patterned ground of a panel. Lengths are in pixels.
type cloth struct {
	texture       string  // "" for stripes
	runs          float64 // degrees, of stripes; NaN for others
	pattern       pattern
	period        float64
	slant         float64 // radians
	centre        point
	ground, print float64 // how light, 0 to 1
	tint          color.RGBA
}

// stripedShare is how often stripes come, against once for every other texture.
const stripedShare = 5

func randomCloth(rng *rand.Rand, place image.Rectangle) cloth {
	c := cloth{runs: math.NaN(), period: between(rng, 13, 18), tint: hsv(360*rng.Float64(), 0.06, 1), centre: inside(rng, place, 0)}
	if i := rng.IntN(len(textures) + stripedShare); i < len(textures) {
		c.texture, c.pattern, c.slant = textures[i].name, textures[i].paint, radians(between(rng, -7, 7))
	} else {
		c.runs = 180 * rng.Float64()
		c.pattern = stripes(c.runs)
	}
	c.ground, c.print = between(rng, 0.8, 0.95), between(rng, 0.54, 0.66)
	if rng.IntN(2) == 0 {
		c.ground, c.print = between(rng, 0.06, 0.18), between(rng, 0.32, 0.44)
	}
	return c
}

// inside draws a point that is at least margin from the border.
func inside(rng *rand.Rand, place image.Rectangle, margin float64) point {
	return point{
		between(rng, float64(place.Min.X)+margin, float64(place.Max.X)-margin),
		between(rng, float64(place.Min.Y)+margin, float64(place.Max.Y)-margin),
	}
}

// names are those of the pattern, without hypernyms: none, one or, for stripes
// between two directions, both.
func (c cloth) names() []string {
	if c.texture != "" {
		return []string{c.texture}
	}
	var names []string
	for _, d := range directions {
		if circleDistance(2*c.runs, 2*d.degrees) <= 2*turnReach {
			names = append(names, d.name)
		}
	}
	return names
}
