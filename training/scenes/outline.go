package scenes

import "math"

type point struct{ x, y float64 }

// outline is a shape in about the unit circle: closed polygons, y downwards, the
// first filled and any further one a hole (wound the other way).
type outline func() [][]point

// reach is how many radii an outline's farthest point may be from its centre.
const reach = 1.12

const curveSteps = 64

func circle() [][]point  { return [][]point{oval(1, 1)} }
func ellipse() [][]point { return [][]point{oval(1, 0.5)} }
func ring() [][]point    { return hollowed(oval(1, 1), 0.58) }
func square() [][]point  { return [][]point{box(0.78, 0.78)} }
func frame() [][]point   { return hollowed(box(0.78, 0.78), 0.58) }
func diamond() [][]point { return [][]point{{{0, -1}, {0.75, 0}, {0, 1}, {-0.75, 0}}} }
func wedge() [][]point   { return [][]point{{{0, -1}, {0.42, 0.9}, {-0.42, 0.9}}} }
func gable() [][]point   { return hollowed(regular(3, 1), 0.5) }
func hexagon() [][]point { return [][]point{regular(6, 1)} }

func rectangle() [][]point { return [][]point{box(1, 0.46)} }
func triangle() [][]point  { return [][]point{regular(3, 1)} }

func star() [][]point {
	points := regular(10, 1)
	for i := 1; i < len(points); i += 2 {
		points[i] = point{0.42 * points[i].x, 0.42 * points[i].y}
	}
	return [][]point{points}
}

func cross() [][]point {
	const arm, reach = 0.32, 0.95
	return [][]point{{
		{-arm, -reach}, {arm, -reach}, {arm, -arm}, {reach, -arm}, {reach, arm}, {arm, arm},
		{arm, reach}, {-arm, reach}, {-arm, arm}, {-reach, arm}, {-reach, -arm}, {-arm, -arm},
	}}
}

// crescent runs along the unit circle and back along a circle of the same size
// whose centre lies to the right.
func crescent() [][]point {
	const shift = 0.7
	tip := math.Acos(shift / 2)
	var points []point
	for i := range curveSteps + 1 {
		sin, cos := math.Sincos(tip + 2*(math.Pi-tip)*float64(i)/curveSteps)
		points = append(points, point{cos, -sin})
	}
	for i := 1; i < curveSteps; i++ {
		sin, cos := math.Sincos(math.Pi + tip - 2*tip*float64(i)/curveSteps)
		points = append(points, point{shift + cos, -sin})
	}
	return [][]point{points}
}

func heart() [][]point {
	points := make([]point, curveSteps)
	for i := range points {
		t := 2 * math.Pi * float64(i) / curveSteps
		x := 16 * math.Pow(math.Sin(t), 3)
		y := 13*math.Cos(t) - 5*math.Cos(2*t) - 2*math.Cos(3*t) - math.Cos(4*t)
		points[i] = point{x / 17, -(y + 2.5) / 17}
	}
	return [][]point{points}
}

func oval(rx, ry float64) []point {
	points := regular(curveSteps, 1)
	for i, p := range points {
		points[i] = point{p.x * rx, p.y * ry}
	}
	return points
}

func box(x, y float64) []point { return []point{{-x, -y}, {x, -y}, {x, y}, {-x, y}} }

// regular is a polygon of n corners, the first on top, clockwise.
func regular(n int, radius float64) []point {
	points := make([]point, n)
	for i := range points {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / float64(n))
		points[i] = point{radius * sin, -radius * cos}
	}
	return points
}

// hollowed cuts a smaller copy, wound the other way, out of a polygon.
func hollowed(outer []point, share float64) [][]point {
	inner := make([]point, len(outer))
	for i, p := range outer {
		inner[len(outer)-1-i] = point{share * p.x, share * p.y}
	}
	return [][]point{outer, inner}
}

// turned turns a point around the origin, clockwise as y runs downwards.
func (p point) turned(angle float64) point {
	sin, cos := math.Sincos(angle)
	return point{p.x*cos - p.y*sin, p.x*sin + p.y*cos}
}
