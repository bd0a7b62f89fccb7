package scenes

import (
	"image/color"
	"math"
	"math/rand/v2"
)

// hueReach is how far, in degrees, a hue may lie from a name that is given to it.
const hueReach = 18

// object is one thing in a scene. Lengths are in pixels.
type object struct {
	hue            float64 // degrees
	light          float64 // -1 dark, 0, 1 pale
	shape          shape
	texture        texture
	size           size
	centre         point
	radius         float64
	turn           float64 // radians
	period         float64 // of the texture
	slant          float64 // of the texture, radians
	value, whiting float64 // of the colour, 0 to 1
}

// randomObject draws an object's properties; its place comes later.
func randomObject(rng *rand.Rand) object {
	o := object{
		hue:     360 * rng.Float64(),
		light:   []float64{-1, 0, 0, 1}[rng.IntN(4)],
		shape:   shapes[rng.IntN(len(shapes))],
		texture: textures[rng.IntN(len(textures))],
		size:    sizes[rng.IntN(len(sizes))],
		turn:    radians(between(rng, -12, 12)),
		slant:   radians(between(rng, -7, 7)),
	}
	o.radius = between(rng, o.size.min, o.size.max) * Side
	o.period = between(rng, 5, 7) + o.radius/8
	o.value, o.whiting = tone(rng, o.light)
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

// tags adds the names that are true of the object.
func (o object) tags(into map[string]bool) {
	for _, c := range colours {
		if hueDistance(o.hue, c.hue) <= hueReach {
			into[c.name] = true
		}
	}
	into[o.shape.name], into[o.texture.name], into[o.size.name] = true, true, true
	for _, t := range tones {
		if t.light == o.light {
			into[t.name] = true
		}
	}
	o.hypernyms(into)
}

// hypernyms adds those names above: by hue for warm and cool, by member for the
// rest.
func (o object) hypernyms(into map[string]bool) {
	if hueDistance(o.hue, 20) <= 60 {
		into["warm"] = true
	}
	if hueDistance(o.hue, 220) <= 60 {
		into["cool"] = true
	}
	for _, h := range hypernyms {
		for _, m := range h.members {
			if m == o.shape.name || m == o.texture.name {
				into[h.name] = true
			}
		}
	}
}

func hueDistance(a, b float64) float64 {
	d := math.Mod(math.Abs(a-b), 360)
	return min(d, 360-d)
}

// colours are the object's own colour and the one of its pattern: lighter on a
// dark object, darker on others.
func (o object) colours() (ground, print color.RGBA) {
	ground = hsv(o.hue, 1-o.whiting, o.value)
	if o.light < 0 {
		return ground, hsv(o.hue, 0.75, min(1, 2*o.value))
	}
	return ground, hsv(o.hue, min(1, 1.15*(1-o.whiting)), 0.55*o.value)
}

// hsv converts hue in degrees, saturation and value in 0 to 1.
func hsv(hue, saturation, value float64) color.RGBA {
	channel := func(n float64) uint8 {
		k := math.Mod(n+hue/60, 6)
		return uint8(math.Round(255 * (value - value*saturation*max(0, min(k, 4-k, 1)))))
	}
	return color.RGBA{channel(5), channel(3), channel(1), 255}
}
