package columnar

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
)

// ErrColumnType says that a column's values are of a type that cannot be used.
var ErrColumnType = errors.New("wrong type of column")

// ManifestFile is an open manifest in Parquet, from whatever program. It is read
// some rows at a time: memory depends on neither its rows nor its row groups. It
// belongs to one goroutine.
type ManifestFile struct {
	Rows    int64
	Columns []string // names of the columns, nested ones too, in order
	groups  []int64  // rows of each row group
	source  parquetFile
	below   *faults
}

// columnBuffer is how many bytes of a column are read from the store at once.
const columnBuffer = 1 << 20

// OpenManifest reads the footer of a Parquet file of size bytes. Errors of r stay
// what they are; whatever else is wrong is ErrCorrupt.
func OpenManifest(r io.ReaderAt, size int64) (m *ManifestFile, err error) {
	m = &ManifestFile{below: &faults{r: r}}
	defer m.broken(&err)
	defer recovered(&err)
	whole, err := checkParquetFooter(m.below, size)
	if err != nil {
		return nil, corrupt(err)
	}
	properties := parquet.NewReaderProperties(bounded{memory.DefaultAllocator})
	properties.BufferedStreamEnabled = true // not a whole column chunk
	properties.BufferSize = columnBuffer
	m.source.file, err = file.NewParquetReader(io.NewSectionReader(whole, 0, size), file.WithReadProps(properties))
	if err != nil {
		return nil, corrupt(err)
	}
	m.source.arrow, err = pqarrow.NewFileReader(m.source.file, pqarrow.ArrowReadProperties{BatchSize: readRows}, bounded{memory.DefaultAllocator})
	if err != nil {
		return nil, corrupt(err)
	}
	if m.groups, err = m.source.groups(size); err != nil {
		return nil, err
	}
	m.Rows = m.source.file.NumRows()
	for _, f := range m.source.arrow.Manifest.Fields {
		m.Columns = append(m.Columns, f.Field.Name)
	}
	return m, m.source.plausibleIndexes(size)
}

// plausibleIndexes refuses page indexes that lie outside the file: room for them
// would be made before they are read.
func (p parquetFile) plausibleIndexes(size int64) error {
	for i := range p.file.NumRowGroups() {
		group := p.file.MetaData().RowGroup(i)
		for c := range group.NumColumns() {
			offsets, _ := group.OffsetIndexLocation(c) // the zero value lies within
			statistics, _ := group.ColumnIndexLocation(c)
			for at, length := range map[int64]int32{offsets.Offset: offsets.Length, statistics.Offset: statistics.Length} {
				if at < 0 || length < 0 || at > size-int64(length) {
					return corrupt(fmt.Errorf("the page index of column %d in row group %d lies outside the file", c, i))
				}
			}
		}
	}
	return nil
}

// Read returns a reader of some columns, by their places in Columns, from a row
// on. The first of them must hold strings, the others values that text can
// tell: ErrColumnType otherwise. Whole row groups before the row are not
// read, and of its own group only the pages that hold it where the file has an
// index of pages. A row behind the last is the end. The context bounds all reading.
func (m *ManifestFile) Read(ctx context.Context, columns []int, row int64) (r *ManifestReader, err error) {
	defer m.broken(&err)
	defer recovered(&err)
	if err := m.check(columns); err != nil {
		return nil, err
	}
	r = &ManifestReader{ctx: ctx, file: m, left: m.Rows}
	group := 0
	for ; group < len(m.groups) && row >= m.groups[group]; group++ {
		row -= m.groups[group]
		r.left -= m.groups[group]
	}
	if group == len(m.groups) {
		return r, nil
	}
	if err := r.open(columns, group); err != nil {
		return nil, err
	}
	return r, r.skip(columns, group, row)
}

// check refuses columns of types that cannot be used.
func (m *ManifestFile) check(columns []int) error {
	for i, c := range columns {
		field := m.source.arrow.Manifest.Fields[c].Field
		switch kind := kindOf(field.Type); {
		case kind == nested:
			return fmt.Errorf("column %q holds %s, which is no single value: %w", field.Name, field.Type, ErrColumnType)
		case i == 0 && kind != words:
			return fmt.Errorf("column %q holds %s, not strings: %w", field.Name, field.Type, ErrColumnType)
		}
	}
	return nil
}

// broken puts the error of the store below, if it had one, in place of what the
// library made of it.
func (m *ManifestFile) broken(err *error) {
	if *err != nil && m.below.err != nil {
		*err = m.below.err
	}
}

// faults remembers how reading a file failed.
type faults struct {
	r   io.ReaderAt
	err error
}

func (f *faults) ReadAt(p []byte, offset int64) (int, error) {
	n, err := f.r.ReadAt(p, offset)
	if err != nil && !errors.Is(err, io.EOF) {
		f.err = err
	}
	return n, err
}

// ErrRoom says that reading a manifest would take more memory than is given.
var ErrRoom = errors.New("too much memory")

// bounded gives no room that hardly any file but a broken one asks for.
type bounded struct{ memory.Allocator }

// mostAtOnce is the largest piece of memory, in bytes: a page at its largest, or
// the values that a column has in readRows rows. Tests lower it.
var mostAtOnce = 512 << 20

func (b bounded) Allocate(size int) []byte {
	within(size)
	return b.Allocator.Allocate(size)
}

func (b bounded) Reallocate(size int, p []byte) []byte {
	within(size)
	return b.Allocator.Reallocate(size, p)
}

// within panics, for recovered.
func within(size int) {
	if size > mostAtOnce {
		panic(fmt.Errorf("%w: a page, or a column in %d rows, would take %d MiB at once, over %d", ErrRoom, readRows, size>>20, mostAtOnce>>20))
	}
}
