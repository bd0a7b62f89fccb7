package scenes

import "math"

// hueReach is how far, in degrees, a hue may lie from a name that is given to
// it. Names are nearer to one another than that: most hues have two.
const hueReach = 20

// colour names a hue, in degrees on the circle of red, green and blue.
type colour struct {
	name string
	hue  float64
	seen bool
}

var colours = []colour{
	{"red", 0, true}, {"orange", 18, true}, {"amber", 36, false}, {"yellow", 54, true},
	{"citron", 72, true}, {"lime", 90, false}, {"leaf", 108, true}, {"green", 126, true},
	{"emerald", 144, true}, {"jade", 162, true}, {"teal", 180, false}, {"azure", 198, true},
	{"cobalt", 216, true}, {"blue", 234, true}, {"indigo", 252, true}, {"violet", 270, false},
	{"mauve", 288, true}, {"magenta", 306, true}, {"pink", 324, true}, {"rose", 342, true},
}

// tones name how light a colour is; one in between has no name.
var tones = []struct {
	name  string
	light float64
}{{"pale", 1}, {"dark", -1}}

// hueVector places a hue on the circle's first three harmonics: the higher ones
// tell neighbours apart.
func hueVector(degrees float64) []float64 {
	sin, cos := math.Sincos(radians(degrees))
	sin2, cos2 := math.Sincos(2 * radians(degrees))
	sin3, cos3 := math.Sincos(3 * radians(degrees))
	return []float64{cos, sin, cos2, sin2, 0.8 * cos3, 0.8 * sin3}
}

// circleDistance is the angle between two directions, all in degrees.
func circleDistance(a, b float64) float64 {
	d := math.Mod(math.Abs(a-b), 360)
	return min(d, 360-d)
}

func radians(degrees float64) float64 { return degrees * math.Pi / 180 }
