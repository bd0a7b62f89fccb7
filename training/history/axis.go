package history

import (
	"math"
	"strconv"
	"strings"
)

// axis maps values from low to high onto 0 to 1, by their logarithm where log
// is true.
type axis struct {
	low, high float64
	log       bool
}

// logFrom is the ratio of largest and smallest value from which a curve is drawn
// by its logarithm.
const logFrom = 50

// axisOf returns an axis that has all of points, and a little room; a
// logarithmic one where that is allowed and they are wide apart.
func axisOf(points []point, log bool) axis {
	if len(points) == 0 {
		return axis{low: 0, high: 1}
	}
	low, high := math.Inf(1), math.Inf(-1)
	for _, p := range points {
		low, high = min(low, p.y), max(high, p.y)
	}
	if log && low > 0 && high/low > logFrom {
		return axis{low / 1.1, high * 1.1, true}
	}
	room := (high - low) * 0.06
	if room <= math.Abs(high)*1e-6 {
		room = max(math.Abs(high)*0.1, 1e-9) // all but constant
	}
	if low >= 0 && low-room < 0 {
		return axis{low: 0, high: high + room}
	}
	return axis{low: low - room, high: high + room}
}

// at returns where v is, 0 at low and 1 at high.
func (a axis) at(v float64) float64 {
	if a.log {
		return (math.Log(v) - math.Log(a.low)) / (math.Log(a.high) - math.Log(a.low))
	}
	return (v - a.low) / (a.high - a.low)
}

// tick is a labelled place of an axis, in percent from its low end.
type tick struct {
	At    float64
	Label string
}

// FromTop is the place in percent from the high end.
func (t tick) FromTop() float64 { return 100 - t.At }

// ticks returns a few round values, about count of them.
func (a axis) ticks(count int) []tick {
	if a.log {
		return a.logTicks(count)
	}
	step := round125((a.high - a.low) / float64(count))
	var out []tick
	for i := math.Ceil(a.low / step); i*step <= a.high && len(out) < 3*count; i++ {
		out = append(out, tick{100 * a.at(i*step), label(i*step, step)})
	}
	return out
}

// wholeTicks is ticks at whole numbers only: epochs and steps have no halves.
func (a axis) wholeTicks(count int) []tick {
	step := max(1, round125((a.high-a.low)/float64(count)))
	var out []tick
	for i := math.Ceil(a.low / step); i*step <= a.high; i++ {
		out = append(out, tick{100 * a.at(i*step), grouped(i * step)})
	}
	return out
}

// logTicks returns powers of ten; if those are too few, their double and
// fivefold, too.
func (a axis) logTicks(count int) []tick {
	factors, every := []float64{1}, 1.0
	if decades := math.Log10(a.high) - math.Log10(a.low); decades < 2.5 {
		factors = []float64{1, 2, 5}
	} else {
		every = math.Ceil(decades / float64(count))
	}
	var out []tick
	for e := math.Floor(math.Log10(a.low)/every) * every; e <= math.Log10(a.high); e += every {
		for _, f := range factors {
			if v := f * math.Pow(10, e); v >= a.low && v <= a.high {
				out = append(out, tick{100 * a.at(v), short(v)})
			}
		}
	}
	return out
}

// round125 returns the least of 1, 2 and 5 times a power of ten that is not
// less than v.
func round125(v float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, f := range []float64{1, 2, 5} {
		if f*power >= v*(1-1e-9) {
			return f * power
		}
	}
	return 10 * power
}

// label writes a multiple of step with the digits that tell it from its
// neighbours.
func label(v, step float64) string {
	digits := -int(math.Floor(math.Log10(step) + 1e-9))
	switch {
	case digits > 4 || step >= 1e6:
		v = math.Round(v/step) * step
		return exact(v, digits+1+int(math.Floor(math.Log10(max(math.Abs(v), step))+1e-9)))
	case digits <= 0:
		return grouped(v)
	}
	return strconv.FormatFloat(v, 'f', digits, 64)
}

// short writes v with four digits that count.
func short(v float64) string { return exact(v, 4) }

// exact writes v with so many digits that count, large whole numbers with all.
func exact(v float64, digits int) string {
	if size := math.Abs(v); size >= 1e4 && size < 1e7 {
		return grouped(math.Round(v))
	}
	text := strconv.FormatFloat(v, 'g', max(1, digits), 64)
	return strings.NewReplacer("e-0", "e-", "e+0", "e", "e+", "e").Replace(text)
}

// grouped writes a whole number with commas between thousands.
func grouped(v float64) string {
	text := strconv.FormatFloat(math.Abs(v), 'f', 0, 64)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	if v < 0 && text != "0" {
		text = "-" + text
	}
	return text
}
