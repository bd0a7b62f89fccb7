package history

import (
	"slices"
	"strconv"
	"time"
)

// Most rows of the page's tables, and most examples of dropped images.
const (
	stepRows    = 100
	epochRows   = 500
	dropsShown  = 5 // for each reason
	reasonsMost = 20
)

// view is a Report as the page's template wants it.
type view struct {
	Report
	Tone          string // the status' CSS class
	Tiles         []Fact
	Main, Metrics []chart
	Parts         []chart
	Drops         []reason
	Dropped       int
	Epochs, Rows  grid
	More          int  // reasons not shown
	HasBest       bool // an epoch is marked as the best
}

// grid is a table of numbers.
type grid struct {
	Name  string
	Head  []string
	Rows  []gridRow
	Total int // rows before thinning out
}

type gridRow struct {
	Cells []string
	Best  bool
}

// reason is why images were dropped, with examples.
type reason struct {
	Reason   string
	Count    int
	Examples []string
}

// Others is how many images of a reason are not among its examples.
func (r reason) Others() int { return r.Count - len(r.Examples) }

func viewOf(r Report) view {
	if r.History == nil {
		r.History = &History{}
	}
	if r.Title == "" {
		r.Title = "Training"
	}
	h := r.History
	v := view{Report: r, Tone: tone(r.Status), Tiles: tiles(r), Dropped: len(h.Drops)}
	v.Main, v.Parts = h.stepCharts()
	v.Metrics = h.metricCharts(r.Metric)
	v.Epochs, v.Rows = h.epochGrid(r.Metric), h.stepGrid()
	_, v.HasBest = h.Best()
	v.Drops = reasons(h.Drops)
	if n := len(v.Drops); n > reasonsMost {
		v.Drops, v.More = v.Drops[:reasonsMost], n-reasonsMost
	}
	return v
}

func tone(s Status) string {
	switch s {
	case Finished:
		return "good"
	case StoppedEarly:
		return "even"
	case Diverged:
		return "bad"
	}
	return "busy"
}

// tiles are the few numbers at the top.
func tiles(r Report) []Fact {
	h, facts := r.History, []Fact{{"Steps", steps(r)}}
	if n := len(h.Epochs); n > 0 {
		facts = append(facts, Fact{"Epochs", grouped(float64(h.Epochs[n-1].Epoch))})
	}
	if best, ok := h.Best(); ok {
		if value, told := best.Metrics[r.Metric]; told {
			facts = append(facts, Fact{"Best " + r.Metric + ", epoch " + strconv.Itoa(best.Epoch), short(value)})
		}
	}
	if len(h.Steps) > 0 {
		facts = append(facts, Fact{"Loss", h.now("loss")}, Fact{"Images per second", h.now("images_per_second")}, Fact{"Time in steps", h.spent()})
	}
	return append(facts, Fact{"Images dropped", grouped(float64(len(h.Drops)))})
}

// now is the last value of a quantity of steps: where its curve is smoothed and
// the last step is no fault, the smoothed one.
func (h *History) now(name string) string {
	q := quantities[slices.IndexFunc(quantities, func(q quantity) bool { return q.name == name })]
	all := h.points(q)
	points, _ := drawable(all)
	smoothed := smooth(points)
	if last := all[len(all)-1]; smoothed == nil || points[len(points)-1] != last {
		return short(last.y)
	}
	return short(smoothed[len(smoothed)-1].y)
}

func steps(r Report) string {
	done := "0"
	if n := len(r.History.Steps); n > 0 {
		done = grouped(float64(r.History.Steps[n-1].Step))
	}
	if r.Steps > 0 {
		return done + " of " + grouped(float64(r.Steps))
	}
	return done
}

// spent is the time of all steps.
func (h *History) spent() string {
	seconds := 0.0
	for _, s := range h.Steps {
		if s.Seconds > 0 && s.Seconds < 1e6 {
			seconds += s.Seconds
		}
	}
	if seconds < 10 {
		return strconv.FormatFloat(seconds, 'f', 1, 64) + "s"
	}
	return (time.Duration(seconds) * time.Second).String()
}

// reasons groups dropped images, the commonest reason first.
func reasons(drops []Drop) (out []reason) {
	at := map[string]int{}
	for _, d := range drops {
		i, known := at[d.Reason]
		if !known {
			i = len(out)
			at[d.Reason] = i
			out = append(out, reason{Reason: d.Reason})
		}
		out[i].Count++
		if len(out[i].Examples) < dropsShown {
			out[i].Examples = append(out[i].Examples, d.URI)
		}
	}
	slices.SortStableFunc(out, func(a, b reason) int { return b.Count - a.Count })
	return out
}
