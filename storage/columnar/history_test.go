package columnar_test

import (
	"bytes"
	"math"
	"os"
	"testing"

	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sdl-batch/sdl-batch/storage/columnar"
)

func TestMetricsRoundTrip(t *testing.T) {
	want := []columnar.MetricRow{
		{Step: 1, Epoch: 1, Metric: "loss", Value: math.NaN()},
		{Step: 1, Epoch: 1, Metric: "learning_rate", Value: 1e-300},
		{Step: 7, Epoch: 1, Validation: true, Metric: "größe@3", Value: math.Inf(-1), Best: true},
		{Step: math.MaxInt64, Epoch: math.MaxInt32, Metric: "", Value: -0.5},
	}
	var buf bytes.Buffer
	w, err := columnar.NewMetricWriter(&buf, columnar.Options{RowGroupRows: 3})
	ok(t, err)
	for _, r := range want {
		ok(t, w.Append(r))
	}
	ok(t, w.Close())
	var got []columnar.MetricRow
	ok(t, open(t, buf.Bytes()).Metrics(t.Context(), func(r columnar.MetricRow) error {
		got = append(got, r)
		return nil
	}))
	if diff := cmp.Diff(want, got, cmpopts.EquateNaNs()); diff != "" {
		t.Error(diff)
	}
}

// TestMetricsSchema pins the columns that other programs read.
func TestMetricsSchema(t *testing.T) {
	var buf bytes.Buffer
	w, err := columnar.NewMetricWriter(&buf, columnar.Options{})
	ok(t, err)
	ok(t, w.Close())
	r, err := file.NewParquetReader(bytes.NewReader(buf.Bytes()))
	ok(t, err)
	want, err := os.ReadFile("testdata/metrics.schema.txt")
	ok(t, err)
	if diff := cmp.Diff(string(want), r.MetaData().Schema.String()); diff != "" {
		t.Error(diff)
	}
}
