package evaluate

import (
	"errors"
	"fmt"
	"strings"
)

// ErrNoMetric is the error of a name that is no metric of a report.
var ErrNoMetric = errors.New("no such metric")

// ErrNoValue is the error of a metric that nothing was measured for.
var ErrNoValue = errors.New("nothing to measure")

// Metric returns one figure, percent, by its name: a task (zsl, gzsl, seen), a
// dot and map, map_present, p@K, r@K or f1@K, as in gzsl.f1@3. That is the Drop
// protocol; "keep." before it asks for Keep. A name that does not exist is
// ErrNoMetric and lists those that do; a task without tags or without labelled
// images is ErrNoValue.
func (r *Report) Metric(name string) (float64, error) {
	for _, f := range r.figures() {
		if f.name != name {
			continue
		}
		if f.empty {
			return 0, fmt.Errorf("%w: %s: no image has a tag to rank", ErrNoValue, name)
		}
		return f.value, nil
	}
	return 0, fmt.Errorf("%w: %q; there are %s, and each with keep. before it", ErrNoMetric, name, strings.Join(r.names(), ", "))
}

// Metrics returns all figures that were measured, by name.
func (r *Report) Metrics() map[string]float64 {
	all := map[string]float64{}
	for _, f := range r.figures() {
		if !f.empty {
			all[f.name] = f.value
		}
	}
	return all
}

// figure is a metric; empty where there was nothing to measure.
type figure struct {
	name  string
	value float64
	empty bool
}

const keepPrefix = "keep."

func (r *Report) figures() (all []figure) {
	tasks := []struct {
		name string
		task Task
	}{{"zsl", r.ZSL}, {"gzsl", r.GZSL}, {"seen", r.Seen}}
	for _, t := range tasks {
		all = append(all, t.task.Drop.figures(t.name)...)
	}
	for _, t := range tasks {
		kept := t.task.Keep.figures(keepPrefix + t.name)
		for i := range kept {
			kept[i].empty = t.task.Drop.Images == 0
		}
		all = append(all, kept...)
	}
	return all
}

func (m Measures) figures(task string) []figure {
	empty := m.Images == 0
	all := []figure{{task + ".map", m.MAP, empty}, {task + ".map_present", m.MAPPresent, empty}}
	for _, at := range m.At {
		all = append(all,
			figure{fmt.Sprintf("%s.p@%d", task, at.K), at.Precision, empty},
			figure{fmt.Sprintf("%s.r@%d", task, at.K), at.Recall, empty},
			figure{fmt.Sprintf("%s.f1@%d", task, at.K), at.F1, empty})
	}
	return all
}

// names lists the metrics of the Drop protocol.
func (r *Report) names() (names []string) {
	for _, f := range r.figures() {
		if !strings.HasPrefix(f.name, keepPrefix) {
			names = append(names, f.name)
		}
	}
	return names
}
