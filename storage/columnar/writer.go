package columnar

import (
	"fmt"
	"io"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
)

// Format is a file format of the tables; its value is also the extension of a
// file's name.
type Format string

// Formats. The zero value means Parquet.
const (
	Parquet Format = "parquet"
	Arrow   Format = "arrow" // Arrow IPC, the file format
)

// Formats lists what can be written.
var Formats = []Format{Parquet, Arrow}

// Options of a writer. Zero values mean the default.
type Options struct {
	Format       Format            // Parquet
	Metadata     map[string]string // key-value pairs of the file
	RowGroupRows int               // rows a row group or record batch, at most; the default depends on the table
	Carried      []string          // names of the images table's carried columns
}

// groupBytes is the size of values, before compression, at which a row group or
// record batch ends, however few rows it has: it is in memory while it is
// written and, of Arrow, while it is read.
const groupBytes = 128 << 20

// Rows a row group, where the options do not say.
const (
	embeddingGroupRows = 2048
	groupRows          = 1 << 16
	// A vocabulary is read whole, into memory, by everyone.
	vocabGroupRows = 1 << 14
)

// rowBuilder gathers the values of rows.
type rowBuilder struct {
	*array.RecordBuilder
	bytes int // of the values, about
}

// batchWriter is a file of one format. Write makes a row group or record batch
// of a batch.
type batchWriter interface {
	Write(arrow.RecordBatch) error
	Close() error
}

// table gathers rows in a builder and writes them, a row group at a time. All
// methods of a writer are for one goroutine.
type table struct {
	build     *rowBuilder
	file      batchWriter
	groupRows int
	pending   int
	rows      int64
}

// newTable starts a file on w. properties are of Parquet only.
func newTable(w io.Writer, schema *arrow.Schema, o Options, defaultRows int, properties ...parquet.WriterProperty) (*table, error) {
	if o.RowGroupRows < 0 {
		return nil, fmt.Errorf("row group of %d rows", o.RowGroupRows)
	}
	file, err := newBatchWriter(w, schema, o, properties)
	if err != nil {
		return nil, err
	}
	t := &table{build: &rowBuilder{RecordBuilder: array.NewRecordBuilder(memory.DefaultAllocator, schema)}, file: file, groupRows: o.RowGroupRows}
	if t.groupRows == 0 {
		t.groupRows = defaultRows
	}
	return t, nil
}

func newBatchWriter(w io.Writer, schema *arrow.Schema, o Options, properties []parquet.WriterProperty) (batchWriter, error) {
	switch o.Format {
	case "", Parquet:
		return newParquetWriter(w, schema, o.Metadata, properties)
	case Arrow:
		return newArrowWriter(w, schema, o.Metadata)
	}
	return nil, fmt.Errorf("table format %q: want one of %v", o.Format, Formats)
}

// added notes one more row in the builder and writes a full row group.
func (t *table) added() error {
	t.pending++
	t.rows++
	if t.pending < t.groupRows && t.build.bytes < groupBytes {
		return nil
	}
	return t.flush()
}

func (t *table) flush() error {
	if t.pending == 0 {
		return nil
	}
	t.pending, t.build.bytes = 0, 0
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
