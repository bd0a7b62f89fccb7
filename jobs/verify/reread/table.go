package reread

import (
	"fmt"
	"os"
)

// table is an open file, read column by column from its first row on.
type table interface {
	rows() int64
	// leaves lists the columns in order.
	leaves() []leaf
	// column reads n more rows of a column, dotted path from below the root.
	column(path string, n int) (cells, error)
	// rowsWith returns how many rows hold about that many values of the longest
	// column, at least one.
	rowsWith(values int64) int
}

// What files begin with.
const (
	parquetMagic = "PAR1"
	arrowMagic   = "ARRO"
)

// openTable reads the footer of a file in either format.
func openTable(file *os.File) (table, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	var first [4]byte
	if _, err := file.ReadAt(first[:], 0); err == nil && string(first[:]) == arrowMagic {
		return openArrow(file, info.Size())
	}
	return openParquet(file, info.Size())
}

// readFile opens a file, checks that its columns are the wanted ones and hands it
// to each.
func readFile(path string, want []leaf, each func(table) error) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	t, err := openTable(file)
	if err != nil {
		return err
	}
	if err := compareLeaves(t.leaves(), want); err != nil {
		return err
	}
	return each(t)
}

// read reads n more rows of a column and checks that all came.
func read(t table, path string, n int) (cells, error) {
	c, err := t.column(path, n)
	if err != nil {
		return c, err
	}
	if got := c.rows(); got != n {
		return c, fmt.Errorf("column %s: %d rows could be read where there should be %d", path, got, n)
	}
	return c, nil
}

// batches calls each with the number of rows to read next, until all are read.
func batches(t table, rows int, each func(n int) error) error {
	for left := t.rows(); left > 0; left -= int64(rows) {
		if err := each(int(min(left, int64(rows)))); err != nil {
			return err
		}
	}
	return nil
}
