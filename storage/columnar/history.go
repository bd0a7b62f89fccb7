package columnar

import (
	"context"
	"io"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// MetricRow is one number of a training: a metric of a step or, in validation,
// of an epoch. Value may be NaN or infinite.
type MetricRow struct {
	Step       int64 // optimiser steps done, from 1
	Epoch      int32 // from 1
	Validation bool
	Metric     string
	Value      float64
	Best       bool // the epoch was the best so far; false for steps
}

var metricSchema = arrow.NewSchema([]arrow.Field{
	required("step", int64Type),
	required("epoch", int32Type),
	required("validation", boolType),
	required("metric", stringType),
	required("value", doubleType),
	required("best", boolType),
}, nil)

// MetricWriter writes the numbers of a training.
type MetricWriter struct{ *table }

// NewMetricWriter starts a file on w.
func NewMetricWriter(w io.Writer, o Options) (*MetricWriter, error) {
	t, err := newTable(w, metricSchema, o, groupRows)
	return &MetricWriter{t}, err
}

// Append adds a row.
func (w *MetricWriter) Append(r MetricRow) error {
	c := columns{build: w.build}
	c.int64(r.Step, true)
	c.int32(r.Epoch, true)
	c.bool(r.Validation)
	c.string(r.Metric, true)
	c.double(r.Value, true)
	c.bool(r.Best)
	return w.added()
}

// Metrics calls each with every row of a table of a training's numbers.
func (f *File) Metrics(ctx context.Context, each func(MetricRow) error) error {
	return f.batches(ctx, metricSchema.Fields(), func(r arrow.RecordBatch) error {
		for i := range int(r.NumRows()) {
			c := cells{record: r, row: i}
			row := MetricRow{Step: c.int64(), Epoch: c.int32(), Validation: c.bool(), Metric: c.string(), Value: c.double(), Best: c.bool()}
			if err := each(row); err != nil {
				return err
			}
		}
		return nil
	})
}

func (c *cells) double() float64 { return c.column().(*array.Float64).Value(c.row) }
