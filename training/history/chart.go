package history

import (
	"math"
	"strconv"
	"strings"
)

// A chart is drawn in a box of this size, which the page stretches.
const (
	boxWidth  = 1000
	boxHeight = 300
)

// stretches of a curve that are told apart: at most twice as many points.
const stretches = 300

// chart is one picture of the page.
type chart struct {
	ID, Title, Summary string
	Wide, Log          bool
	Lines              []line
	Dots               []dot
	Faults             []float64 // x of values that cannot be drawn, in percent
	Across, Up         []tick
	Hover              []hover
}

// line is an SVG path with its class.
type line struct{ Class, Path string }

// dot is a marked point, in percent of the box from left and top.
type dot struct {
	X, Y float64
	Best bool
}

// hover is a point, in percent of the box from left and top, and what is said of
// it. Names are short: a page has thousands.
type hover struct {
	X    float64 `json:"x"`
	Y    float64 `json:"y"`
	Text string  `json:"t"`
}

// curve is what a chart is drawn of.
type curve struct {
	id, title string
	across    string // what x counts: step or epoch
	points    []point
	smooth    bool
	log       bool    // may be drawn by its logarithm
	dotted    bool    // marks every point
	best      float64 // x of the best point; 0: none
}

func (c curve) chart() chart {
	points, faults := drawable(c.points)
	p := plot{axisOf(points, c.log), spanOf(c.points)}
	out := chart{ID: c.id, Title: c.title, Log: p.up.log, Across: p.across.wholeTicks(c.labels()), Up: p.up.ticks(5), Summary: c.summary(points, faults)}
	for _, x := range faults[:min(len(faults), stretches)] {
		out.Faults = append(out.Faults, rounded(100*p.across.at(x)))
	}
	seen := thin(points, stretches)
	if smoothed := smooth(points); c.smooth && smoothed != nil {
		out.Lines = []line{{"raw", p.path(seen)}, {"smooth", p.path(thin(smoothed, stretches))}}
	} else {
		out.Lines = []line{{"smooth", p.path(seen)}}
	}
	for _, q := range seen {
		x, y := p.at(q)
		out.Hover = append(out.Hover, hover{percent(x, boxWidth), percent(y, boxHeight), c.across + " " + grouped(q.x) + ": " + short(q.y)})
	}
	out.Dots = c.dots(points, p)
	return out
}

// labels is about how many labels fit below the curve on a phone: steps have
// long ones.
func (c curve) labels() int {
	if c.dotted {
		return 8
	}
	return 5
}

// dotsMost is up to how many points a chart marks each.
const dotsMost = 60

// dots returns the marked points, the best one last and so on top.
func (c curve) dots(points []point, p plot) (dots []dot) {
	var best []dot
	for _, q := range points {
		x, y := p.at(q)
		if c.best != 0 && q.x == c.best {
			best = append(best, dot{percent(x, boxWidth), percent(y, boxHeight), true})
		} else if len(points) == 1 || c.dotted && len(points) <= dotsMost {
			dots = append(dots, dot{percent(x, boxWidth), percent(y, boxHeight), false})
		}
	}
	return append(dots, best...)
}

// summary tells in words what the curve shows.
func (c curve) summary(points []point, faults []float64) string {
	var parts []string
	if n := len(c.points); n > 0 {
		parts = append(parts, "last "+short(c.points[n-1].y))
	}
	if low, high := lowest(points), highest(points); len(points) > 0 && low.y != high.y {
		parts = append(parts, "lowest "+short(low.y)+" at "+c.across+" "+grouped(low.x), "highest "+short(high.y)+" at "+c.across+" "+grouped(high.x))
	}
	if len(faults) > 0 {
		parts = append(parts, grouped(float64(len(faults)))+" too large or no number, first at "+c.across+" "+grouped(faults[0]))
	}
	return strings.Join(parts, " · ")
}

// plot places points in the box.
type plot struct{ up, across axis }

// spanOf is the axis of the points' x, at least one long.
func spanOf(points []point) axis {
	if len(points) == 0 {
		return axis{low: 0, high: 1}
	}
	low, high := points[0].x, points[len(points)-1].x
	if low == high {
		return axis{low: low - 0.5, high: high + 0.5}
	}
	return axis{low: low, high: high}
}

func (p plot) at(q point) (x, y float64) {
	return rounded(boxWidth * p.across.at(q.x)), rounded(boxHeight * (1 - p.up.at(q.y)))
}

func (p plot) path(points []point) string {
	var b strings.Builder
	for i, q := range points {
		x, y := p.at(q)
		if i == 0 {
			b.WriteByte('M')
		} else {
			b.WriteByte('L')
		}
		b.WriteString(strconv.FormatFloat(x, 'f', -1, 64) + " " + strconv.FormatFloat(y, 'f', -1, 64))
	}
	return b.String()
}

func rounded(v float64) float64 { return math.Round(v*100) / 100 }

func percent(v, of float64) float64 { return rounded(100 * v / of) }
