package columnar

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"
)

// ErrCorrupt says that a file is no readable table file, or not one of the
// expected table.
var ErrCorrupt = errors.New("unreadable table")

// File is an open table file.
type File struct {
	Format   Format
	Metadata map[string]string
	Rows     int64
	// RowGroups is how many row groups, or record batches, hold the rows.
	RowGroups int
	Schema    *arrow.Schema
	groups    []int64 // rows of each group
	source    source
}

// source is a file of one format. Its rows lie in groups, its columns are
// numbered as the format does it.
type source interface {
	// below returns the columns below a field of the schema.
	below(name string) []int
	// records calls each with every record batch of some columns of some groups,
	// in order; nil groups are all of them. A batch is valid during the call only.
	records(ctx context.Context, columns, groups []int, each func(arrow.RecordBatch) error) error
}

// Open reads the footer of a file of size bytes, whose format is told by its
// first bytes.
func Open(r io.ReaderAt, size int64) (f *File, err error) {
	defer recovered(&err)
	open := openParquet
	switch first, err := firstBytes(r, size); {
	case err != nil:
		return nil, corrupt(err)
	case bytes.HasPrefix(first, ipc.Magic):
		open = openArrow
	case bytes.Equal(first, streamMark):
		return nil, corrupt(errors.New("an Arrow stream, which has no footer: write it in Arrow's file format"))
	}
	if f, err = open(r, size); err != nil {
		return nil, err
	}
	f.RowGroups = len(f.groups)
	for _, rows := range f.groups {
		f.Rows += rows
	}
	return f, nil
}

// streamMark is what an Arrow stream begins with, the format without a footer.
var streamMark = []byte{0xff, 0xff, 0xff, 0xff}

// firstBytes returns the first bytes of a file, as many as tell formats apart.
func firstBytes(r io.ReaderAt, size int64) ([]byte, error) {
	first := make([]byte, min(size, int64(len(ipc.Magic))))
	if _, err := r.ReadAt(first, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if bytes.HasPrefix(first, streamMark) {
		return first[:len(streamMark)], nil
	}
	return first, nil
}

// batches calls each with every record batch of the wanted columns, in order.
// A column that is missing or of another type is ErrCorrupt.
func (f *File) batches(ctx context.Context, want []arrow.Field, each func(arrow.RecordBatch) error) (err error) {
	defer recovered(&err)
	leaves, err := f.leaves(want)
	if err != nil {
		return err
	}
	return f.records(ctx, leaves, func(r arrow.RecordBatch) error {
		record, err := projected(r, want)
		if err != nil {
			return err
		}
		defer record.Release()
		return each(record)
	})
}

// records calls each with every record batch of the columns with the given
// numbers, and checks that all rows came.
func (f *File) records(ctx context.Context, columns []int, each func(arrow.RecordBatch) error) error {
	var rows int64
	err := f.source.records(ctx, columns, nil, func(r arrow.RecordBatch) error {
		rows += r.NumRows()
		return each(r)
	})
	if err != nil {
		return err
	}
	if rows != f.Rows {
		return corrupt(fmt.Errorf("%d rows could be read, the footer counts %d", rows, f.Rows))
	}
	return ctx.Err()
}

// leaves returns the numbers of the columns below the wanted fields.
func (f *File) leaves(want []arrow.Field) ([]int, error) {
	var out []int
	for _, w := range want {
		at := f.Schema.FieldIndices(w.Name)
		if len(at) != 1 {
			return nil, corrupt(fmt.Errorf("no column %q; the file has %v", w.Name, names(f.Schema)))
		}
		if got := f.Schema.Field(at[0]).Type; !sameType(got, w.Type) {
			return nil, corrupt(fmt.Errorf("column %q is %s, want %s", w.Name, got, w.Type))
		}
		out = append(out, f.below(w.Name)...)
	}
	return out, nil
}

// below returns the numbers of the columns below a field.
func (f *File) below(name string) []int { return f.source.below(name) }

// sameType compares types, whether or not values inside them may be null:
// other writers mark that differently.
func sameType(a, b arrow.DataType) bool {
	la, isList := a.(*arrow.ListType)
	lb, want := b.(*arrow.ListType)
	if isList && want {
		return sameType(la.Elem(), lb.Elem())
	}
	sa, isStruct := a.(*arrow.StructType)
	sb, want := b.(*arrow.StructType)
	if isStruct && want {
		return slices.EqualFunc(sa.Fields(), sb.Fields(), func(x, y arrow.Field) bool {
			return x.Name == y.Name && sameType(x.Type, y.Type)
		})
	}
	return arrow.TypeEqual(a, b)
}

// projected returns a batch with the wanted columns in the wanted order.
func projected(r arrow.RecordBatch, want []arrow.Field) (arrow.RecordBatch, error) {
	columns := make([]arrow.Array, len(want))
	fields := make([]arrow.Field, len(want))
	for i, w := range want {
		at := r.Schema().FieldIndices(w.Name)
		if len(at) != 1 {
			return nil, corrupt(fmt.Errorf("column %q was not read", w.Name))
		}
		columns[i], fields[i] = r.Column(at[0]), r.Schema().Field(at[0])
		if !w.Nullable && columns[i].NullN() > 0 {
			return nil, corrupt(fmt.Errorf("column %q holds nulls", w.Name))
		}
	}
	return arrowBatch(fields, columns, r.NumRows()), nil
}

func names(s *arrow.Schema) (out []string) {
	for _, f := range s.Fields() {
		out = append(out, f.Name)
	}
	return out
}

func corrupt(err error) error { return fmt.Errorf("%w: %w", ErrCorrupt, err) }

// recovered turns a panic of the library, met on damaged files, into an error.
func recovered(err *error) {
	switch p := recover().(type) {
	case nil:
	case error:
		*err = corrupt(p)
	default:
		*err = fmt.Errorf("%w: %v", ErrCorrupt, p)
	}
}
