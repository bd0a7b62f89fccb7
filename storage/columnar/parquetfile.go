package columnar

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
)

// readRows is how many rows of Parquet are decoded at once.
const readRows = 1024

// parquetFile is the source of a Parquet file: its groups are row groups, its
// columns leaves.
type parquetFile struct {
	file  *file.Reader
	arrow *pqarrow.FileReader
}

// openParquet reads the footer of a Parquet file.
func openParquet(r io.ReaderAt, size int64) (*File, error) {
	r, err := checkParquetFooter(r, size)
	if err != nil {
		return nil, corrupt(err)
	}
	parquet, err := file.NewParquetReader(io.NewSectionReader(r, 0, size))
	if err != nil {
		return nil, corrupt(err)
	}
	reader, err := pqarrow.NewFileReader(parquet, pqarrow.ArrowReadProperties{BatchSize: readRows}, memory.DefaultAllocator)
	if err != nil {
		return nil, corrupt(err)
	}
	schema, err := reader.Schema()
	if err != nil {
		return nil, corrupt(err)
	}
	source := parquetFile{parquet, reader}
	f := &File{Format: Parquet, Metadata: source.metadata(), Schema: schema, source: source}
	if f.groups, err = source.groups(size); err != nil {
		return nil, err
	}
	return f, nil
}

func (p parquetFile) metadata() map[string]string {
	out := map[string]string{}
	if kv := p.file.MetaData().KeyValueMetadata(); kv != nil {
		for i, key := range kv.Keys() {
			out[key] = kv.Values()[i]
		}
	}
	return out
}

// groups returns the rows of each row group. It refuses a footer that promises
// more than the file can hold.
func (p parquetFile) groups(size int64) (groups []int64, err error) {
	var rows int64
	for i := range p.file.NumRowGroups() {
		group := p.file.MetaData().RowGroup(i)
		if group.NumRows() < 0 {
			return nil, corrupt(fmt.Errorf("row group %d has %d rows", i, group.NumRows()))
		}
		rows += group.NumRows()
		groups = append(groups, group.NumRows())
		for c := range group.NumColumns() {
			chunk, err := group.ColumnChunk(c)
			if err != nil {
				return nil, corrupt(err)
			}
			if chunk.TotalCompressedSize() < 0 || chunk.TotalCompressedSize() > size {
				return nil, corrupt(fmt.Errorf("column %d of row group %d claims %d bytes of a file of %d", c, i, chunk.TotalCompressedSize(), size))
			}
		}
	}
	if rows != p.file.NumRows() {
		return nil, corrupt(fmt.Errorf("the footer counts %d rows, its row groups %d", p.file.NumRows(), rows))
	}
	return groups, nil
}

// below returns the leaves below a field.
func (p parquetFile) below(name string) (leaves []int) {
	schema := p.file.MetaData().Schema
	for i := range schema.NumColumns() {
		if schema.Column(i).ColumnPath()[0] == name {
			leaves = append(leaves, i)
		}
	}
	return leaves
}

func (p parquetFile) records(ctx context.Context, leaves, groups []int, each func(arrow.RecordBatch) error) error {
	records, err := p.arrow.GetRecordReader(ctx, leaves, groups)
	if err != nil {
		return corrupt(err)
	}
	defer records.Release()
	for records.Next() {
		if err := each(records.RecordBatch()); err != nil {
			return err
		}
	}
	if err := records.Err(); err != nil && !errors.Is(err, io.EOF) {
		return corrupt(err)
	}
	return nil
}
