package scenes

import "math"

// pattern says how much of an object's second colour shows at a place: 0 none,
// 1 all. Places and period are in pixels; slant turns the pattern a little.
type pattern func(p point, period, slant float64) float64

func plain(point, float64, float64) float64 { return 0 }

// stripes run at an angle in degrees against the horizontal, anticlockwise.
func stripes(degrees float64) pattern {
	return func(p point, period, slant float64) float64 {
		sin, cos := math.Sincos(radians(degrees) + slant)
		across := p.x*sin + p.y*cos
		return edge(period / 4 * triangleWave(across/period))
	}
}

func dots(p point, period, slant float64) float64 {
	sin, cos := math.Sincos(math.Pi/4 + slant)
	u, v := (p.x*cos-p.y*sin)/period, (p.x*sin+p.y*cos)/period
	u, v = u-math.Round(u), v-math.Round(v)
	return edge((0.33 - math.Hypot(u, v)) * period)
}

func checks(p point, period, slant float64) float64 {
	sin, cos := math.Sincos(slant)
	u, v := (p.x*cos-p.y*sin)/(2*period), (p.x*sin+p.y*cos)/(2*period)
	a, b := edge(period/2*triangleWave(u)), edge(period/2*triangleWave(v))
	return a + b - 2*a*b
}

// triangleWave goes from 1 at 0 to -1 at 1/2 and back at 1.
func triangleWave(x float64) float64 { return 4*math.Abs(x-math.Round(x))*-1 + 1 }

// edge softens a signed distance in pixels into a share from 0 to 1.
func edge(distance float64) float64 { return min(1, max(0, 0.5+distance)) }
