package reread

import (
	"fmt"
	"os"
	"strings"

	"github.com/xitongsys/parquet-go/common"
	"github.com/xitongsys/parquet-go/parquet"
	"github.com/xitongsys/parquet-go/reader"
)

// pathDelimiter separates names in the paths of the reader.
const pathDelimiter = common.PAR_GO_PATH_DELIMITER

// table is an open Parquet file, read column by column from its first row on.
type table struct {
	file   *os.File
	reader *reader.ParquetReader
	root   string
	rows   int64
}

// openTable reads a file's footer and checks that its columns are the wanted
// ones and lie inside the file.
func openTable(path string, want []leaf) (*table, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	t := &table{file: file}
	if err := t.readFooter(want); err != nil {
		return nil, joinClose(err, file)
	}
	return t, nil
}

func joinClose(err error, file *os.File) error {
	if closing := file.Close(); closing != nil {
		return fmt.Errorf("%w (and %w)", err, closing)
	}
	return err
}

func (t *table) close() error { return t.file.Close() }

func (t *table) readFooter(want []leaf) error {
	info, err := t.file.Stat()
	if err != nil {
		return err
	}
	if err := checkEnds(t.file, info.Size()); err != nil {
		return err
	}
	if t.reader, err = reader.NewParquetColumnReader(newSection(t.file, info.Size()), 1); err != nil {
		return fmt.Errorf("footer: %w", err)
	}
	t.root, t.rows = t.reader.SchemaHandler.GetRootExName(), t.reader.GetNumRows()
	leaves, err := t.leaves()
	if err != nil {
		return err
	}
	if err := compareLeaves(leaves, want); err != nil {
		return err
	}
	return checkChunks(t.reader.Footer, info.Size())
}

// checkEnds looks for the four bytes that a Parquet file begins and ends with.
func checkEnds(file *os.File, size int64) error {
	const magic = "PAR1"
	if size < 12 {
		return fmt.Errorf("%d bytes are no Parquet file", size)
	}
	for _, at := range []int64{0, size - 4} {
		var got [4]byte
		if _, err := file.ReadAt(got[:], at); err != nil {
			return err
		}
		if string(got[:]) != magic {
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
			if m == nil || group.NumRows < 0 || m.TotalCompressedSize < 0 || m.TotalCompressedSize > size || m.DataPageOffset < 0 || m.DataPageOffset > size || m.NumValues < group.NumRows {
				return fmt.Errorf("row group %d: a column chunk does not lie within the file's %d bytes, or holds fewer values than rows", i, size)
			}
		}
	}
	if rows != footer.NumRows {
		return fmt.Errorf("the footer counts %d rows, its row groups %d", footer.NumRows, rows)
	}
	return nil
}

// column reads n more rows of a column, dotted path from below the root.
func (t *table) column(path string, n int) (cells, error) {
	full := strings.Join(append([]string{t.root}, strings.Split(path, ".")...), pathDelimiter)
	values, repetition, definition, err := t.reader.ReadColumnByPath(full, int64(n))
	if err != nil {
		return cells{}, fmt.Errorf("column %s: %w", path, err)
	}
	c := cells{path: path, values: values, repetition: repetition, definition: definition}
	if got := c.rows(); got != n {
		return cells{}, fmt.Errorf("column %s: %d rows could be read where there should be %d", path, got, n)
	}
	return c, nil
}

// rowsWith returns how many rows hold about that many values of the file's
// longest column, at least one.
func (t *table) rowsWith(values int64) int {
	rows := values
	for _, group := range t.reader.Footer.RowGroups {
		for _, chunk := range group.Columns {
			rows = min(rows, values*group.NumRows/max(chunk.MetaData.NumValues, 1))
		}
	}
	return int(max(rows, 1))
}

// batches calls each with the number of rows to read next, until all are read.
func (t *table) batches(rows int, each func(n int) error) error {
	for left := t.rows; left > 0; left -= int64(rows) {
		if err := each(int(min(left, int64(rows)))); err != nil {
			return err
		}
	}
	return nil
}
