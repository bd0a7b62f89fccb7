package scenes

import "math"

// pattern says how much of a cloth's second shade shows at a place: 0 none, 1
// all. Places and period are in pixels; slant turns the pattern a little.
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

// grid draws thin lines both ways.
func grid(degrees float64) pattern {
	return func(p point, period, slant float64) float64 {
		q := p.turned(radians(degrees) + slant)
		return max(lines(q.x, period, period/3), lines(q.y, period, period/3))
	}
}

// lines lie a period apart and are so many pixels wide.
func lines(across, period, width float64) float64 {
	return edge(width/2 - math.Abs(across-period*math.Round(across/period)))
}

func checks(degrees float64) pattern {
	return func(p point, period, slant float64) float64 {
		q := p.turned(radians(degrees) + slant)
		a, b := edge(period/2*triangleWave(q.x/(2*period))), edge(period/2*triangleWave(q.y/(2*period)))
		return a + b - 2*a*b
	}
}

func dots(p point, period, slant float64) float64 {
	q := p.turned(math.Pi/4 + slant)
	u, v := q.x/period, q.y/period
	u, v = u-math.Round(u), v-math.Round(v)
	return edge((0.33 - math.Hypot(u, v)) * period)
}

// ripples run around the cloth's centre.
func ripples(p point, period, _ float64) float64 {
	return edge(period / 4 * triangleWave(math.Hypot(p.x, p.y)/period))
}

// bricks are twice as long as high; every second course is shifted by half.
func bricks(p point, period, slant float64) float64 {
	q := p.turned(slant)
	shift := period * math.Mod(math.Floor(q.y/period), 2)
	return max(lines(q.y, period, period/3), lines(q.x+shift, 2*period, period/3))
}

// zigzag bands go up and down at 45 degrees.
func zigzag(p point, period, slant float64) float64 {
	q := p.turned(slant)
	q.y += period / 2 * triangleWave(q.x/(2*period))
	return edge(period / 5 * triangleWave(q.y/period))
}

// triangleWave goes from 1 at 0 to -1 at 1/2 and back at 1.
func triangleWave(x float64) float64 { return 4*math.Abs(x-math.Round(x))*-1 + 1 }

// edge softens a signed distance in pixels into a share from 0 to 1.
func edge(distance float64) float64 { return min(1, max(0, 0.5+distance)) }
