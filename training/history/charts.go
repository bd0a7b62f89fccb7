package history

import (
	"slices"
	"strconv"
)

// stepCharts returns the chart of the loss and those of the other quantities of
// steps; a regulariser that is 0 throughout has none.
func (h *History) stepCharts() (loss, others []chart) {
	for _, q := range quantities[:len(quantities)-1] {
		c := curve{id: q.name, title: q.title, across: "step", smooth: q.noisy, log: q.falls, points: h.points(q)}
		switch {
		case q.name == "loss":
			loss = []chart{c.chart()}
			loss[0].Wide = true
		case slices.ContainsFunc(c.points, func(p point) bool { return p.y != 0 }):
			others = append(others, c.chart())
		}
	}
	return loss, others
}

// points returns the curve of a quantity.
func (h *History) points(q quantity) (out []point) {
	for _, s := range h.Steps {
		out = append(out, point{float64(s.Step), q.of(s)})
	}
	return out
}

// metricCharts returns a chart of each validation metric, first before the
// others.
func (h *History) metricCharts(first string) (out []chart) {
	best, _ := h.Best()
	for i, name := range h.metrics(first) {
		c := curve{id: "metric" + strconv.Itoa(i), title: name, across: "epoch", dotted: true, best: float64(best.Epoch)}
		for _, e := range h.Epochs {
			if v, told := e.Metrics[name]; told {
				c.points = append(c.points, point{float64(e.Epoch), v})
			}
		}
		out = append(out, c.chart())
	}
	return out
}

// stepGrid is the table of steps: evenly chosen ones, and the last.
func (h *History) stepGrid() grid {
	g := grid{Name: "Steps", Head: []string{"Step", "Epoch"}, Total: len(h.Steps)}
	for _, q := range quantities {
		g.Head = append(g.Head, q.title)
	}
	for _, i := range spread(len(h.Steps), stepRows) {
		s := h.Steps[i]
		cells := []string{grouped(float64(s.Step)), strconv.Itoa(s.Epoch)}
		for _, q := range quantities {
			cells = append(cells, short(q.of(s)))
		}
		g.Rows = append(g.Rows, gridRow{Cells: cells})
	}
	return g
}

// epochGrid is the table of validations.
func (h *History) epochGrid(first string) grid {
	names, best := h.metrics(first), -1
	if e, ok := h.Best(); ok {
		best = e.Epoch
	}
	g := grid{Name: "Epochs", Head: append([]string{"Epoch", "Step", "Seconds"}, names...), Total: len(h.Epochs)}
	for _, i := range spread(len(h.Epochs), epochRows) {
		e := h.Epochs[i]
		cells := []string{strconv.Itoa(e.Epoch), grouped(float64(e.Step)), short(e.Seconds)}
		for _, name := range names {
			text := "–"
			if v, told := e.Metrics[name]; told {
				text = short(v)
			}
			cells = append(cells, text)
		}
		g.Rows = append(g.Rows, gridRow{cells, e.Epoch == best})
	}
	return g
}

// spread returns at most most of the indexes below n, evenly, the last among
// them.
func spread(n, most int) (out []int) {
	for i := range min(n, most) {
		out = append(out, (i+1)*n/min(n, most)-1)
	}
	return out
}
