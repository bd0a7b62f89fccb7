package scenes

import "math"

// texture names a pattern. Its print says which way it runs, by the cosine and
// sine of twice the angle and the cosine of four times the angle (1 upright, -1
// slanted), and what it is made of.
type texture struct {
	name  string
	print [5]float64
	paint pattern
	seen  bool
}

var textures = []texture{
	{"plain", madeOf(225), plain, true},
	{"grid", running(upright, madeOf(45)), grid(0), false},
	{"lattice", running(slanted, madeOf(45)), grid(45), true},
	{"checked", running(upright, madeOf(125)), checks(0), true},
	{"harlequin", running(slanted, madeOf(125)), checks(45), false},
	{"dotted", madeOf(165), dots, true},
	{"rippled", madeOf(5), ripples, true},
	{"bricked", running([5]float64{0.9}, madeOf(60)), bricks, true},
	{"zigzag", running([5]float64{2: -0.6}, madeOf(300)), zigzag, true},
}

var upright, slanted = [5]float64{2: 1}, [5]float64{2: -1}

// madeOf is a print that runs no way. What it is made of is an angle in degrees:
// stripes at -30, crossed lines at 45, filled squares at 125, dots at 165,
// nothing at 225.
func madeOf(degrees float64) [5]float64 {
	sin, cos := math.Sincos(radians(degrees))
	return [5]float64{3: cos, 4: sin}
}

func running(way, print [5]float64) [5]float64 {
	for d, x := range way {
		print[d] += x
	}
	return print
}

// turnReach is how far, in degrees, stripes may run from a name given to them.
const turnReach = 24

// direction names the way that stripes run, in degrees against the horizontal,
// anticlockwise.
type direction struct {
	name    string
	degrees float64
	seen    bool
}

var directions = []direction{
	{"horizontal", 0, true}, {"gentle", 22.5, true}, {"rising", 45, true}, {"steep", 67.5, true},
	{"vertical", 90, false}, {"plunging", 112.5, true}, {"falling", 135, false}, {"sinking", 157.5, true},
}

func (d direction) print() [5]float64 {
	sin2, cos2 := math.Sincos(2 * radians(d.degrees))
	cos4 := math.Cos(4 * radians(d.degrees))
	made := madeOf(-30)
	return [5]float64{0.8 * cos2, 0.8 * sin2, 0.4 * cos4, 0.6 * made[3], 0.6 * made[4]}
}
