package history

import "math"

// point is a place on a curve: step or epoch, and value.
type point struct{ x, y float64 }

// drawnMost is the largest absolute value that a chart draws. What is larger, or
// no number, is a fault.
const drawnMost = 1e100

// drawable splits points into those that can be drawn and the x of the others.
func drawable(points []point) (drawn []point, faults []float64) {
	for _, p := range points {
		if math.Abs(p.y) <= drawnMost {
			drawn = append(drawn, p)
		} else {
			faults = append(faults, p.x)
		}
	}
	return drawn, faults
}

// thin returns at most 2·stretches+2 of the points: the first, the last, and
// the lowest and highest of each of so many stretches of equal length. No peak
// is lost.
func thin(points []point, stretches int) []point {
	if len(points) <= 2*stretches+2 {
		return points
	}
	inner := points[1 : len(points)-1]
	out := append(make([]point, 0, 2*stretches+2), points[0])
	for i := range stretches {
		out = append(out, extremes(inner[i*len(inner)/stretches:(i+1)*len(inner)/stretches])...)
	}
	return append(out, points[len(points)-1])
}

// extremes returns the lowest and highest point in the order of the curve.
func extremes(points []point) []point {
	low, high := lowest(points), highest(points)
	switch {
	case low == high:
		return []point{low}
	case low.x < high.x:
		return []point{low, high}
	}
	return []point{high, low}
}

// lowest and highest return the first of the points that are so; of none, the
// zero point.
func lowest(points []point) (low point) {
	for i, p := range points {
		if i == 0 || p.y < low.y {
			low = p
		}
	}
	return low
}

func highest(points []point) (high point) {
	for i, p := range points {
		if i == 0 || p.y > high.y {
			high = p
		}
	}
	return high
}

// Points of a curve below which there is nothing to smooth, and the part of the
// curve that a smoothed point looks back on.
const (
	smoothFrom = 20
	smoothPart = 40
)

// smooth returns the exponential moving average with a memory of a fortieth of
// the curve, corrected for its beginning from nothing (as Adam's moments are);
// nil for a short curve.
func smooth(points []point) []point {
	if len(points) < smoothFrom {
		return nil
	}
	keep := 1 - 1/max(2, float64(len(points))/smoothPart)
	out := make([]point, len(points))
	mean, weight := 0.0, 0.0
	for i, p := range points {
		mean = keep*mean + (1-keep)*p.y
		weight = keep*weight + (1 - keep)
		out[i] = point{p.x, mean / weight}
	}
	return out
}
