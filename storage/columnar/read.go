package columnar

import (
	"context"
	"fmt"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

func arrowBatch(fields []arrow.Field, columns []arrow.Array, rows int64) arrow.RecordBatch {
	return array.NewRecordBatch(arrow.NewSchema(fields, nil), columns, rows)
}

// Vocab calls each with every row of a vocab table. Vector is valid during the
// call only.
func (f *File) Vocab(ctx context.Context, each func(VocabRow) error) error {
	return f.batches(ctx, vocabSchema.Fields(), func(r arrow.RecordBatch) error {
		for i := range int(r.NumRows()) {
			c := cells{record: r, row: i}
			if err := each(VocabRow{TagID: c.int32(), Tag: c.string(), Seen: c.bool(), Vector: c.floats()}); err != nil {
				return err
			}
		}
		return nil
	})
}

// Tags calls each with every row of a tags table.
func (f *File) Tags(ctx context.Context, each func(TagRow) error) error {
	return f.batches(ctx, tagSchema.Fields(), func(r arrow.RecordBatch) error {
		for i := range int(r.NumRows()) {
			c := cells{record: r, row: i}
			if err := each(TagRow{Tag: c.string(), TagID: c.int32(), Seen: c.bool(), Score: c.float(), Rank: c.int32(), Row: c.int64(), URI: c.string()}); err != nil {
				return err
			}
		}
		return nil
	})
}

// Embedding is one row of the embeddings table.
type Embedding struct {
	Row       int64
	URI       string
	Rows, Dim int
	Matrix    []float32 // [Rows,Dim]
}

// Embeddings calls each with every row of an embeddings table. Matrix is valid
// during the call only.
func (f *File) Embeddings(ctx context.Context, each func(Embedding) error) error {
	return f.batches(ctx, embeddingSchema.Fields(), func(r arrow.RecordBatch) error {
		for i := range int(r.NumRows()) {
			c := cells{record: r, row: i}
			e := Embedding{Row: c.int64(), URI: c.string(), Rows: int(c.int32()), Dim: int(c.int32()), Matrix: c.floats()}
			if e.Rows < 1 || e.Dim < 1 || len(e.Matrix) != e.Rows*e.Dim {
				return corrupt(fmt.Errorf("row %d holds %d values, %d x %d by its own count", e.Row, len(e.Matrix), e.Rows, e.Dim))
			}
			if err := each(e); err != nil {
				return err
			}
		}
		return nil
	})
}

// Images calls each with every row of an images table; carried names the
// carried columns to read.
func (f *File) Images(ctx context.Context, carried []string, each func(Image) error) error {
	schema, err := imageSchema(carried)
	if err != nil {
		return err
	}
	return f.batches(ctx, schema.Fields(), func(r arrow.RecordBatch) error {
		for i := range int(r.NumRows()) {
			if err := each(image(cells{record: r, row: i}, carried)); err != nil {
				return err
			}
		}
		return nil
	})
}

func image(c cells, carried []string) Image {
	r := Image{
		Row: c.int64(), URI: c.string(), Version: c.string(), SHA256: c.string(), Bytes: c.int64(),
		Width: c.int32(), Height: c.int32(), Format: c.string(), Status: c.string(),
		Stage: c.string(), Code: c.string(), Message: c.string(), Attempts: c.int32(), Retryable: c.bool(),
		Seen: c.ranked(), Unseen: c.ranked(), RowSpread: c.float(),
		ModelID: c.string(), VocabID: c.string(), ProcessedAt: c.time(),
	}
	for range carried {
		r.Carried = append(r.Carried, c.string())
	}
	return r
}

// cells reads one row's values, column by column; null is the zero value.
type cells struct {
	record arrow.RecordBatch
	row    int
	next   int
}

func (c *cells) column() arrow.Array {
	a := c.record.Column(c.next)
	c.next++
	return a
}

func (c *cells) int64() int64 {
	if a := c.column().(*array.Int64); a.IsValid(c.row) {
		return a.Value(c.row)
	}
	return 0
}

func (c *cells) int32() int32 {
	if a := c.column().(*array.Int32); a.IsValid(c.row) {
		return a.Value(c.row)
	}
	return 0
}

func (c *cells) float() float32 {
	if a := c.column().(*array.Float32); a.IsValid(c.row) {
		return a.Value(c.row)
	}
	return 0
}

func (c *cells) bool() bool { return c.column().(*array.Boolean).Value(c.row) }

func (c *cells) string() string {
	if a := c.column().(*array.String); a.IsValid(c.row) {
		return string([]byte(a.Value(c.row))) // the batch's memory goes away
	}
	return ""
}

func (c *cells) time() time.Time {
	return time.UnixMicro(int64(c.column().(*array.Timestamp).Value(c.row))).UTC()
}

func (c *cells) floats() []float32 {
	a := c.column().(*array.List)
	from, to := a.ValueOffsets(c.row)
	return a.ListValues().(*array.Float32).Float32Values()[from:to]
}

func (c *cells) ranked() []RankedTag {
	a := c.column().(*array.List)
	if a.IsNull(c.row) {
		return nil
	}
	from, to := a.ValueOffsets(c.row)
	s := a.ListValues().(*array.Struct)
	out := make([]RankedTag, 0, to-from)
	for i := int(from); i < int(to); i++ {
		out = append(out, RankedTag{
			Tag:   string([]byte(s.Field(0).(*array.String).Value(i))),
			TagID: s.Field(1).(*array.Int32).Value(i),
			Score: s.Field(2).(*array.Float32).Value(i),
			Rank:  s.Field(3).(*array.Int32).Value(i),
		})
	}
	return out
}
