package reread

import (
	"errors"
	"io"
	"os"

	"github.com/xitongsys/parquet-go/source"
)

var errReadOnly = errors.New("the file is read only")

// section lets the reader open one file many times over: every column has a
// place of its own in it.
type section struct {
	*io.SectionReader
	file *os.File
	size int64
}

func newSection(f *os.File, size int64) *section {
	return &section{io.NewSectionReader(f, 0, size), f, size}
}

// Open implements source.ParquetFile. Column chunks may name another file;
// ours never do.
func (s *section) Open(name string) (source.ParquetFile, error) {
	if name != "" {
		return nil, errors.New("a column chunk names another file")
	}
	return newSection(s.file, s.size), nil
}

func (s *section) Create(string) (source.ParquetFile, error) { return nil, errReadOnly }
func (s *section) Write([]byte) (int, error)                 { return 0, errReadOnly }

// Close does nothing: the file is closed by who opened it.
func (s *section) Close() error { return nil }
