package columnar

import (
	"fmt"
	"io"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// Values of Image.Status.
const (
	StatusOK       = "ok"
	StatusRejected = "rejected"
)

// Image is one row of the images table. In a rejected one an empty string and a
// zero number are stored as null, as are Seen, Unseen and RowSpread.
type Image struct {
	Row         int64
	URI         string
	Version     string
	SHA256      string
	Bytes       int64
	Width       int32
	Height      int32
	Format      string
	Status      string
	Stage       string
	Code        string
	Message     string
	Attempts    int32
	Retryable   bool
	Seen        []RankedTag
	Unseen      []RankedTag
	RowSpread   float32
	ModelID     string
	VocabID     string
	ProcessedAt time.Time
	Carried     []string
}

// RankedTag is one of an image's best tags. Rank counts from 1 in its group.
type RankedTag struct {
	Tag   string
	TagID int32
	Score float32
	Rank  int32
}

// ImageWriter writes the images table.
type ImageWriter struct {
	*table
	carried int
}

// NewImageWriter starts a file on w.
func NewImageWriter(w io.Writer, o Options) (*ImageWriter, error) {
	schema, err := imageSchema(o.Carried)
	if err != nil {
		return nil, err
	}
	t, err := newTable(w, schema, o, groupRows)
	if err != nil {
		return nil, err
	}
	return &ImageWriter{table: t, carried: len(o.Carried)}, nil
}

// Append adds a row.
func (w *ImageWriter) Append(r Image) error {
	if r.Status != StatusOK && r.Status != StatusRejected {
		return fmt.Errorf("image status %q", r.Status)
	}
	c := columns{build: w.build}
	ok := r.Status == StatusOK
	c.int64(r.Row, true)
	c.string(r.URI, true)
	c.string(r.Version, r.Version != "")
	c.string(r.SHA256, r.SHA256 != "")
	c.int64(r.Bytes, ok || r.Bytes > 0)
	c.int32(r.Width, ok || r.Width > 0)
	c.int32(r.Height, ok || r.Height > 0)
	c.string(r.Format, r.Format != "")
	c.string(r.Status, true)
	c.string(r.Stage, r.Stage != "")
	c.string(r.Code, r.Code != "")
	c.string(r.Message, r.Message != "")
	c.int32(r.Attempts, true)
	c.bool(r.Retryable)
	c.ranked(r.Seen, ok)
	c.ranked(r.Unseen, ok)
	c.float(r.RowSpread, ok)
	c.string(r.ModelID, true)
	c.string(r.VocabID, true)
	c.time(r.ProcessedAt)
	for i := range w.carried {
		c.string(at(r.Carried, i), i < len(r.Carried))
	}
	return w.added()
}

func at(values []string, i int) string {
	if i < len(values) {
		return values[i]
	}
	return ""
}

// columns appends one row's values, column by column. Where valid is false the
// value is null.
type columns struct {
	build *rowBuilder
	next  int
}

func (c *columns) field() array.Builder {
	b := c.build.Field(c.next)
	c.next++
	return b
}

func (c *columns) int64(v int64, valid bool) {
	if b := c.field().(*array.Int64Builder); valid {
		b.Append(v)
	} else {
		b.AppendNull()
	}
}

func (c *columns) int32(v int32, valid bool) {
	if b := c.field().(*array.Int32Builder); valid {
		b.Append(v)
	} else {
		b.AppendNull()
	}
}

func (c *columns) float(v float32, valid bool) {
	if b := c.field().(*array.Float32Builder); valid {
		b.Append(v)
	} else {
		b.AppendNull()
	}
}

func (c *columns) double(v float64, valid bool) {
	if b := c.field().(*array.Float64Builder); valid {
		b.Append(v)
	} else {
		b.AppendNull()
	}
}

func (c *columns) string(v string, valid bool) {
	if b := c.field().(*array.StringBuilder); valid {
		b.Append(v)
		c.build.bytes += len(v)
	} else {
		b.AppendNull()
	}
}

func (c *columns) bool(v bool) { c.field().(*array.BooleanBuilder).Append(v) }

func (c *columns) time(v time.Time) {
	c.field().(*array.TimestampBuilder).Append(arrow.Timestamp(v.UnixMicro()))
}

func (c *columns) floats(v []float32) {
	b := c.field().(*array.ListBuilder)
	b.Append(true)
	b.ValueBuilder().(*array.Float32Builder).AppendValues(v, nil)
	c.build.bytes += 4 * len(v)
}

func (c *columns) ranked(tags []RankedTag, valid bool) {
	b := c.field().(*array.ListBuilder)
	if !valid {
		b.AppendNull()
		return
	}
	b.Append(true)
	s := b.ValueBuilder().(*array.StructBuilder)
	for _, t := range tags {
		s.Append(true)
		s.FieldBuilder(0).(*array.StringBuilder).Append(t.Tag)
		c.build.bytes += len(t.Tag)
		s.FieldBuilder(1).(*array.Int32Builder).Append(t.TagID)
		s.FieldBuilder(2).(*array.Float32Builder).Append(t.Score)
		s.FieldBuilder(3).(*array.Int32Builder).Append(t.Rank)
	}
}
