package columnar

import (
	"context"
	"fmt"
	"io"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// Label is one row of a table of labelled images: what people know of an image.
type Label struct {
	URI       string   // "" for null
	Positives []string // tags that are true of the image
	Negatives []string // tags that are not
	// Partial is true where the row has negatives, be it none: a tag in neither
	// list is then unknown. Otherwise every tag but the positives is negative.
	Partial bool
	Split   string // "" for null: the part of the set that the image is meant for
}

// Labels calls each with every row of a table of labelled images:
//
//	uri        string
//	positives  list of strings
//	negatives  list of strings; may be missing
//	split      string; may be missing
//
// in any order, among any others. Strings and lists may be of any width,
// nullable and dictionary-encoded, and elements of any name, as other programs
// write them; nulls in a list are left out. Both lists are valid during the call
// only. A file without the columns is ErrCorrupt.
func (f *File) Labels(ctx context.Context, each func(Label) error) (err error) {
	defer recovered(&err)
	leaves, err := f.labelLeaves()
	if err != nil {
		return err
	}
	return f.records(ctx, leaves, func(r arrow.RecordBatch) error {
		columns, err := labelColumnsOf(r)
		if err != nil {
			return corrupt(err)
		}
		for i := range int(r.NumRows()) {
			if err := each(columns.row(i)); err != nil {
				return err
			}
		}
		return nil
	})
}

// labelLeaves returns the Parquet columns of a table of labelled images.
func (f *File) labelLeaves() ([]int, error) {
	var out []int
	for _, want := range labelSchema.Fields() {
		at := f.Schema.FieldIndices(want.Name)
		switch {
		case len(at) == 0 && want.Nullable:
			continue
		case len(at) != 1:
			return nil, corrupt(fmt.Errorf("want one column %q of labelled images; the file has %v", want.Name, names(f.Schema)))
		}
		out = append(out, f.below(want.Name)...)
	}
	return out, nil
}

// labelColumns reads the rows of one record batch.
type labelColumns struct {
	uri, split           texts
	positives, negatives lists
	room                 [2][]string // the lists of the row last read
}

func labelColumnsOf(r arrow.RecordBatch) (*labelColumns, error) {
	c := &labelColumns{}
	for i, field := range r.Schema().Fields() {
		var err error
		switch field.Name {
		case "uri":
			c.uri, err = textsOf(r.Column(i))
		case "split":
			c.split, err = textsOf(r.Column(i))
		case "positives":
			c.positives, err = listsOf(r.Column(i))
		case "negatives":
			c.negatives, err = listsOf(r.Column(i))
		}
		if err != nil {
			return nil, fmt.Errorf("column %q: %w", field.Name, err)
		}
	}
	return c, nil
}

func (c *labelColumns) row(i int) Label {
	var l Label
	l.URI, _ = c.uri.at(i)
	l.Split, _ = c.split.at(i)
	l.Positives, _ = c.positives.at(i, c.room[0][:0])
	l.Negatives, l.Partial = c.negatives.at(i, c.room[1][:0])
	c.room = [2][]string{l.Positives, l.Negatives}
	return l
}

// LabelWriter writes a table of labelled images.
type LabelWriter struct{ *table }

// NewLabelWriter starts a file on w.
func NewLabelWriter(w io.Writer, o Options) (*LabelWriter, error) {
	t, err := newTable(w, labelSchema, o, groupRows)
	return &LabelWriter{t}, err
}

// Append adds a row.
func (w *LabelWriter) Append(l Label) error {
	if len(l.Negatives) > 0 && !l.Partial {
		return fmt.Errorf("labels of %s: %d negatives although every other tag is negative", l.URI, len(l.Negatives))
	}
	c := columns{build: w.build}
	c.string(l.URI, true)
	c.strings(l.Positives, true)
	c.strings(l.Negatives, l.Partial)
	c.string(l.Split, l.Split != "")
	return w.added()
}

func (c *columns) strings(values []string, valid bool) {
	b := c.field().(*array.ListBuilder)
	if !valid {
		b.AppendNull()
		return
	}
	b.Append(true)
	texts := b.ValueBuilder().(*array.StringBuilder)
	for _, v := range values { // all at once would make exactly that much room, each time
		texts.Append(v)
		c.build.bytes += 4 + len(v)
	}
}
