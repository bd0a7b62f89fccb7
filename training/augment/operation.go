package augment

import (
	"math"
	"math/rand/v2"
)

// kind is one of RandAugment's operations. run applies it with a parameter in
// the operation's own unit; at gives that parameter for a strength t of −1 to 1
// on images of a size, negative only where the operation is signed.
type kind struct {
	name   string
	signed bool
	at     func(t float64, size int) float64
	run    func(p picture, parameter float64)
}

// kinds are drawn from by index: their order is part of what a seed means.
var kinds = []kind{
	{"Identity", false, strength, func(picture, float64) {}},
	{"AutoContrast", false, strength, func(p picture, _ float64) { p.autoContrast() }},
	{"Equalize", false, strength, func(p picture, _ float64) { p.equalize() }},
	{"Invert", false, strength, func(p picture, _ float64) { p.invert() }},
	{"Rotate", true, times(30), picture.rotate},
	{"Posterize", false, func(t float64, _ int) float64 { return 8 - math.RoundToEven(4*t) }, func(p picture, bits float64) { p.posterize(int(bits)) }},
	{"Solarize", false, func(t float64, _ int) float64 { return 256 * (1 - t) }, picture.solarize},
	{"SolarizeAdd", false, func(t float64, _ int) float64 { return math.Trunc(110 * t) }, func(p picture, add float64) { p.solarizeAdd(int(add)) }},
	{"Color", true, factor, picture.colour},
	{"Contrast", true, factor, picture.contrast},
	{"Brightness", true, factor, picture.brightness},
	{"Sharpness", true, factor, picture.sharpness},
	{"ShearX", true, times(0.3), picture.shearX},
	{"ShearY", true, times(0.3), picture.shearY},
	{"TranslateX", true, shift, func(p picture, by float64) { p.translateX(int(by)) }},
	{"TranslateY", true, shift, func(p picture, by float64) { p.translateY(int(by)) }},
}

func strength(t float64, _ int) float64 { return t }

func times(most float64) func(t float64, size int) float64 {
	return func(t float64, _ int) float64 { return most * t }
}

func factor(t float64, _ int) float64 { return 1 + 0.9*t }

func shift(t float64, size int) float64 { return math.Trunc(float64(size) * 150 / 331 * t) }

// operation is a kind with its strength.
type operation struct {
	kind *kind
	t    float64 // −1..1
}

func randomOperation(magnitude int, rng *rand.Rand) operation {
	o := operation{&kinds[rng.IntN(len(kinds))], float64(magnitude) / MaxMagnitude}
	if o.kind.signed && rng.IntN(2) == 1 {
		o.t = -o.t
	}
	return o
}

func (o operation) apply(p picture) { o.kind.run(p, o.kind.at(o.t, p.size)) }
