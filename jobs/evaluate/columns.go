package evaluate

import "github.com/sdl-batch/sdl-batch/training/evaluate"

// Column is one task under one protocol, as tables show it.
type Column struct {
	Task, Protocol         string
	Tags, WithoutPositives int
	evaluate.Measures
}

// Columns returns the measures task by task, each under Drop and Keep.
func (e *Evaluation) Columns() []Column {
	var columns []Column
	for _, t := range []struct {
		name string
		task evaluate.Task
	}{{"ZSL", e.ZSL}, {"GZSL", e.GZSL}, {"seen", e.Seen}} {
		columns = append(columns,
			Column{t.name, "drop", t.task.Tags, t.task.WithoutPositives, t.task.Drop},
			Column{t.name, "keep", t.task.Tags, t.task.WithoutPositives, t.task.Keep})
	}
	return columns
}
