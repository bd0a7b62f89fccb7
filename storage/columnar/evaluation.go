package columnar

import (
	"context"
	"io"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// EvaluationRow is what an evaluation says of one tag. APs are percent, and null
// for a tag without positives.
type EvaluationRow struct {
	TagID     int32
	Tag       string
	Seen      bool
	Annotated int64 // images whose label of the tag is known
	Positives int64
	AP        float64 // among images that have any tag
	APGroup   float64 // among those that have one of the tag's group, seen or unseen
	APKeep    float64 // among all images
}

// EvaluationWriter writes the per-tag results of an evaluation.
type EvaluationWriter struct{ *table }

// NewEvaluationWriter starts a file on w.
func NewEvaluationWriter(w io.Writer, o Options) (*EvaluationWriter, error) {
	t, err := newTable(w, evaluationSchema, o, groupRows)
	return &EvaluationWriter{t}, err
}

// Append adds a row.
func (w *EvaluationWriter) Append(r EvaluationRow) error {
	c := columns{build: w.build}
	c.int32(r.TagID, true)
	c.string(r.Tag, true)
	c.bool(r.Seen)
	c.int64(r.Annotated, true)
	c.int64(r.Positives, true)
	for _, ap := range []float64{r.AP, r.APGroup, r.APKeep} {
		c.double(ap, r.Positives > 0)
	}
	return w.added()
}

// Evaluation calls each with every row of such a file; a null AP is 0.
func (f *File) Evaluation(ctx context.Context, each func(EvaluationRow) error) error {
	return f.batches(ctx, evaluationSchema.Fields(), func(r arrow.RecordBatch) error {
		for i := range int(r.NumRows()) {
			c := cells{record: r, row: i}
			if err := each(EvaluationRow{
				TagID: c.int32(), Tag: c.string(), Seen: c.bool(), Annotated: c.int64(), Positives: c.int64(),
				AP: c.ap(), APGroup: c.ap(), APKeep: c.ap(),
			}); err != nil {
				return err
			}
		}
		return nil
	})
}

func (c *cells) ap() float64 {
	if a := c.column().(*array.Float64); a.IsValid(c.row) {
		return a.Value(c.row)
	}
	return 0
}
