package columnar

import (
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
)

// Format is a file format of the tables.
type Format string

// Parquet is the format that is written and the zero value's meaning.
const Parquet Format = "parquet"

// Options of a writer. Zero values mean the default.
type Options struct {
	Format       Format            // Parquet
	Metadata     map[string]string // key-value pairs of the file
	RowGroupRows int               // rows a row group; the default depends on the table
	Carried      []string          // names of the images table's carried columns
}

// Rows a row group, where the options do not say.
const (
	embeddingGroupRows = 2048
	groupRows          = 1 << 16
	// A vocabulary is read whole, into memory, by everyone.
	vocabGroupRows = 1 << 14
)

// zstdLevel costs little time; higher ones save few bytes on these tables.
const zstdLevel = 3

// table gathers rows in a builder and writes them, a row group at a time. All
// methods of a writer are for one goroutine.
type table struct {
	build     *array.RecordBuilder
	file      *pqarrow.FileWriter
	groupRows int
	pending   int
	rows      int64
}

func newTable(w io.Writer, schema *arrow.Schema, o Options, defaultRows int, properties ...parquet.WriterProperty) (*table, error) {
	if o.Format != "" && o.Format != Parquet {
		return nil, fmt.Errorf("table format %q: want %s", o.Format, Parquet)
	}
	if o.RowGroupRows < 0 {
		return nil, fmt.Errorf("row group of %d rows", o.RowGroupRows)
	}
	t := &table{build: array.NewRecordBuilder(memory.DefaultAllocator, schema), groupRows: o.RowGroupRows}
	if t.groupRows == 0 {
		t.groupRows = defaultRows
	}
	properties = append([]parquet.WriterProperty{
		parquet.WithVersion(parquet.V2_LATEST),
		parquet.WithCreatedBy("sdl-batch"),
		parquet.WithCompression(compress.Codecs.Zstd),
		parquet.WithCompressionLevel(zstdLevel),
		parquet.WithStats(true),
		parquet.WithPageIndexEnabled(true),
		// A write must never be cut: arrow-go misplaces the lists of a slice.
		parquet.WithMaxRowGroupLength(1 << 40),
	}, properties...)
	// Close of a file closes what it writes to, if that can be closed: w is not
	// ours to close.
	file, err := pqarrow.NewFileWriter(schema, struct{ io.Writer }{w}, parquet.NewWriterProperties(properties...), pqarrow.NewArrowWriterProperties())
	if err != nil {
		return nil, err
	}
	t.file = file
	return t, t.describe(o.Metadata)
}

func (t *table) describe(metadata map[string]string) error {
	if err := t.file.AppendKeyValueMetadata(SchemaKey, SchemaVersion); err != nil {
		return err
	}
	for _, key := range slices.Sorted(maps.Keys(metadata)) {
		if err := t.file.AppendKeyValueMetadata(key, metadata[key]); err != nil {
			return err
		}
	}
	return nil
}

// added notes one more row in the builder and writes a full row group.
func (t *table) added() error {
	t.pending++
	t.rows++
	if t.pending < t.groupRows {
		return nil
	}
	return t.flush()
}

func (t *table) flush() error {
	if t.pending == 0 {
		return nil
	}
	t.pending = 0
	record := t.build.NewRecordBatch()
	defer record.Release()
	return t.file.Write(record)
}

// Rows returns how many rows were appended.
func (t *table) Rows() int64 { return t.rows }

// Close writes what is left and the footer. It does not close the underlying
// writer.
func (t *table) Close() error {
	defer t.build.Release()
	if err := t.flush(); err != nil {
		return err
	}
	return t.file.Close()
}
