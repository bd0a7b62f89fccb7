package reread

import (
	"fmt"
	"os"
	"slices"

	"github.com/xitongsys/parquet-go/parquet"
	"github.com/xitongsys/parquet-go/reader"
	"github.com/xitongsys/parquet-go/schema"
)

// parquetTable is a table in a Parquet file.
type parquetTable struct {
	reader  *reader.ParquetReader
	columns []leaf
}

// openParquet reads a file's footer and checks that its chunks lie inside the
// file.
func openParquet(file *os.File, size int64) (*parquetTable, error) {
	if err := checkEnds(file, size); err != nil {
		return nil, err
	}
	r := &reader.ParquetReader{NP: 1, PFile: newSection(file, size), ColumnBuffers: map[string]*reader.ColumnBufferType{}}
	if err := r.ReadFooter(); err != nil {
		return nil, fmt.Errorf("footer: %w", err)
	}
	columns, err := numbered(r.Footer)
	if err != nil {
		return nil, fmt.Errorf("footer: %w", err)
	}
	r.SchemaHandler = schema.NewSchemaHandlerFromSchemaList(r.Footer.Schema)
	r.RenameSchema()
	return &parquetTable{r, columns}, checkChunks(r.Footer, size)
}

func (t *parquetTable) rows() int64 { return t.reader.GetNumRows() }

func (t *parquetTable) leaves() []leaf { return t.columns }

// checkEnds looks for the four bytes that a Parquet file begins and ends with.
func checkEnds(file *os.File, size int64) error {
	if size < 12 {
		return fmt.Errorf("%d bytes are no Parquet file", size)
	}
	for _, at := range []int64{0, size - 4} {
		var got [4]byte
		if _, err := file.ReadAt(got[:], at); err != nil {
			return err
		}
		if string(got[:]) != parquetMagic {
			return fmt.Errorf("no Parquet file: bytes %q at %d", got, at)
		}
	}
	return nil
}

// checkChunks refuses row counts that do not add up and chunks that lie outside
// of the file: the reader allocates what they promise.
func checkChunks(footer *parquet.FileMetaData, size int64) error {
	var rows int64
	for i, group := range footer.RowGroups {
		rows += group.NumRows
		for _, chunk := range group.Columns {
			m := chunk.MetaData
			if group.NumRows < 0 || m.TotalCompressedSize < 0 || m.TotalCompressedSize > size || m.DataPageOffset < 0 || m.DataPageOffset > size || m.NumValues < group.NumRows {
				return fmt.Errorf("row group %d: a column chunk does not lie within the file's %d bytes, or holds fewer values than rows", i, size)
			}
		}
	}
	if rows != footer.NumRows {
		return fmt.Errorf("the footer counts %d rows, its row groups %d", footer.NumRows, rows)
	}
	return nil
}

func (t *parquetTable) column(path string, n int) (cells, error) {
	at := slices.IndexFunc(t.columns, func(l leaf) bool { return l.path == path })
	if at < 0 {
		return cells{}, fmt.Errorf("column %s is missing", path)
	}
	values, repetition, definition, err := t.reader.ReadColumnByIndex(int64(at), int64(n))
	if err != nil {
		return cells{}, fmt.Errorf("column %s: %w", path, err)
	}
	return cells{path: path, values: values, repetition: repetition, definition: definition}, nil
}

func (t *parquetTable) rowsWith(values int64) int {
	rows := values
	for _, group := range t.reader.Footer.RowGroups {
		for _, chunk := range group.Columns {
			rows = min(rows, values*group.NumRows/max(chunk.MetaData.NumValues, 1))
		}
	}
	return int(max(rows, 1))
}
