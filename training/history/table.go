package history

import (
	"cmp"
	"io"
	"maps"
	"slices"

	"github.com/sdl-batch/sdl-batch/storage/columnar"
)

// WriteTable writes a history as a Parquet table, one row a number: step, epoch,
// validation, metric, value, best. Rows are sorted by step; a step's own numbers
// come before the validation after it.
func (h *History) WriteTable(w io.Writer, o columnar.Options) error {
	table, err := columnar.NewMetricWriter(w, o)
	if err != nil {
		return err
	}
	rows := h.rows()
	slices.SortStableFunc(rows, func(a, b columnar.MetricRow) int { return cmp.Compare(a.Step, b.Step) })
	for _, r := range rows {
		if err := table.Append(r); err != nil {
			return err
		}
	}
	return table.Close()
}

func (h *History) rows() (rows []columnar.MetricRow) {
	for _, s := range h.Steps {
		for _, q := range quantities {
			rows = append(rows, columnar.MetricRow{Step: s.Step, Epoch: int32(s.Epoch), Metric: q.name, Value: q.of(s)})
		}
	}
	for _, e := range h.Epochs {
		for _, name := range slices.Sorted(maps.Keys(e.Metrics)) {
			rows = append(rows, columnar.MetricRow{Step: e.Step, Epoch: int32(e.Epoch), Validation: true, Metric: name, Value: e.Metrics[name], Best: e.Best})
		}
	}
	return rows
}

// quantity is a number that every step has.
type quantity struct {
	name, title string
	noisy       bool // from batch to batch: the page smooths it
	falls       bool // by orders of magnitude: the page may draw its logarithm
	of          func(Step) float64
}

// quantities are the numbers of a step, as tables have them and as curves of the
// page; the last one is the inverse of the one before, and has no curve.
var quantities = []quantity{
	{"loss", "Loss", true, true, func(s Step) float64 { return s.Loss }},
	{"rank", "Ranking part", true, true, func(s Step) float64 { return s.Rank }},
	{"regulariser", "Regulariser", true, true, func(s Step) float64 { return s.Regulariser }},
	{"learning_rate", "Learning rate", false, false, func(s Step) float64 { return s.LearningRate }},
	{"images_per_second", "Images per second", true, false, func(s Step) float64 { return s.ImagesPerSecond }},
	{"seconds", "Seconds a step", true, false, func(s Step) float64 { return s.Seconds }},
}
