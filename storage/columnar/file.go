package columnar

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
)

// ErrCorrupt says that a file is no readable Parquet file, or not one of the
// expected table.
var ErrCorrupt = errors.New("unreadable table")

// readRows is how many rows are decoded at once.
const readRows = 1024

// File is an open table file.
type File struct {
	Metadata  map[string]string
	Rows      int64
	RowGroups int
	Schema    *arrow.Schema
	file      *file.Reader
	arrow     *pqarrow.FileReader
}

// Open reads the footer of a file of size bytes.
func Open(r io.ReaderAt, size int64) (f *File, err error) {
	defer recovered(&err)
	parquetFile, err := file.NewParquetReader(io.NewSectionReader(r, 0, size))
	if err != nil {
		return nil, corrupt(err)
	}
	reader, err := pqarrow.NewFileReader(parquetFile, pqarrow.ArrowReadProperties{BatchSize: readRows}, memory.DefaultAllocator)
	if err != nil {
		return nil, corrupt(err)
	}
	schema, err := reader.Schema()
	if err != nil {
		return nil, corrupt(err)
	}
	f = &File{Metadata: map[string]string{}, Rows: parquetFile.NumRows(), RowGroups: parquetFile.NumRowGroups(), Schema: schema, file: parquetFile, arrow: reader}
	if kv := parquetFile.MetaData().KeyValueMetadata(); kv != nil {
		for i, key := range kv.Keys() {
			f.Metadata[key] = kv.Values()[i]
		}
	}
	return f, f.plausible(size)
}

// plausible refuses a footer that promises more than the file can hold.
func (f *File) plausible(size int64) error {
	var rows int64
	for i := range f.RowGroups {
		group := f.file.MetaData().RowGroup(i)
		if group.NumRows() < 0 {
			return corrupt(fmt.Errorf("row group %d has %d rows", i, group.NumRows()))
		}
		rows += group.NumRows()
		for c := range group.NumColumns() {
			chunk, err := group.ColumnChunk(c)
			if err != nil {
				return corrupt(err)
			}
			if chunk.TotalCompressedSize() < 0 || chunk.TotalCompressedSize() > size {
				return corrupt(fmt.Errorf("column %d of row group %d claims %d bytes of a file of %d", c, i, chunk.TotalCompressedSize(), size))
			}
		}
	}
	if rows != f.Rows {
		return corrupt(fmt.Errorf("the footer counts %d rows, its row groups %d", f.Rows, rows))
	}
	return nil
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

// records calls each with every record batch of the Parquet columns with the
// given indexes, and checks that all rows came.
func (f *File) records(ctx context.Context, leaves []int, each func(arrow.RecordBatch) error) error {
	records, err := f.arrow.GetRecordReader(ctx, leaves, nil)
	if err != nil {
		return corrupt(err)
	}
	defer records.Release()
	var rows int64
	for records.Next() {
		rows += records.RecordBatch().NumRows()
		if err := each(records.RecordBatch()); err != nil {
			return err
		}
	}
	if err := records.Err(); err != nil && !errors.Is(err, io.EOF) {
		return corrupt(err)
	}
	if rows != f.Rows {
		return corrupt(fmt.Errorf("%d rows could be read, the footer counts %d", rows, f.Rows))
	}
	return ctx.Err()
}

// leaves returns the indexes of the Parquet columns below the wanted fields.
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

// below returns the indexes of the Parquet columns below a field.
func (f *File) below(name string) (leaves []int) {
	schema := f.file.MetaData().Schema
	for i := range schema.NumColumns() {
		if schema.Column(i).ColumnPath()[0] == name {
			leaves = append(leaves, i)
		}
	}
	return leaves
}

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
	if p := recover(); p != nil {
		*err = fmt.Errorf("%w: %v", ErrCorrupt, p)
	}
}
