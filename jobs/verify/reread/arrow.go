package reread

import (
	"fmt"
	"os"
	"slices"

	"github.com/xitongsys/parquet-go/parquet"

	"github.com/sdl-batch/sdl-batch/jobs/verify/reread/arrowfile"
)

// arrowTable is a table in an Arrow file.
type arrowTable struct{ file *arrowfile.File }

func openArrow(file *os.File, size int64) (*arrowTable, error) {
	f, err := arrowfile.Open(file, size)
	return &arrowTable{f}, err
}

func (t *arrowTable) rows() int64               { return t.file.Rows }
func (t *arrowTable) rowsWith(values int64) int { return t.file.RowsWith(values) }

// arrowKinds are the types in the words of Parquet.
var arrowKinds = map[arrowfile.Type]parquet.Type{
	arrowfile.Int32: small, arrowfile.Int64: large, arrowfile.Float: float, arrowfile.Bool: boolean, arrowfile.Text: text, arrowfile.Time: large,
}

func (t *arrowTable) leaves() (out []leaf) {
	for _, c := range t.file.Columns {
		out = append(out, leaf{c.Path, arrowKinds[c.Type], c.Levels})
	}
	return out
}

func (t *arrowTable) column(path string, n int) (cells, error) {
	at := slices.IndexFunc(t.file.Columns, func(c arrowfile.Column) bool { return c.Path == path })
	if at < 0 {
		return cells{}, fmt.Errorf("column %s is missing", path)
	}
	c, err := t.file.Read(at, n)
	return cells{path: path, values: c.Values, repetition: c.Repetition, definition: c.Definition}, err
}
