package manifest

import (
	"bufio"
	"io"

	"github.com/sdl-batch/sdl-batch/pipeline"
)

// record is one row as the manifest has it.
type record struct {
	uri     string
	carried []string
	invalid *pipeline.Reject
	offset  int64 // of its first byte
	line    int64 // from 1
}

// records reads rows one after the other. next returns io.EOF at the end.
type records interface {
	next() (record, error)
}

// Columns says which columns of a csv manifest are used.
type Columns struct {
	URI     string   // "" takes the first of the usual names
	Carried []string // copied into the images table
}

// open starts reading r. Where offset is not 0, header holds the manifest's
// column names.
func open(r io.Reader, format Format, columns Columns, header []string, offset, line int64) (records, error) {
	if format == Text {
		return &textRecords{in: bufio.NewReaderSize(r, 64<<10), offset: offset, line: line}, nil
	}
	return openCSV(r, format, columns, header, offset, line)
}
