package columnar

import (
	"context"
	"fmt"
	"io"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// maxBatch bounds what one record batch may take in memory: its bytes in the
// file and, once more, what they decompress to. A record batch is read whole.
const maxBatch = 1 << 30

// arrowFile is the source of an Arrow IPC file: its groups are record batches,
// its columns the fields of the schema.
type arrowFile struct {
	reader *ipc.FileReader
	memory *allowance
	groups []int64
}

// openArrow reads the footer of an Arrow file, its dictionaries and the head of
// every record batch.
func openArrow(r io.ReaderAt, size int64) (*File, error) {
	groups, err := batchRows(r, size)
	if err != nil {
		return nil, corrupt(err)
	}
	memory := &allowance{Allocator: memory.DefaultAllocator, left: maxBatch}
	reader, err := ipc.NewFileReader(io.NewSectionReader(r, 0, size), ipc.WithAllocator(memory))
	if err != nil {
		return nil, corrupt(err)
	}
	schema := reader.Schema()
	return &File{Format: Arrow, Metadata: schema.Metadata().ToMap(), Schema: schema, groups: groups, source: &arrowFile{reader, memory, groups}}, nil
}

// below returns the places of the fields with a name.
func (a *arrowFile) below(name string) []int { return a.reader.Schema().FieldIndices(name) }

func (a *arrowFile) records(ctx context.Context, columns, groups []int, each func(arrow.RecordBatch) error) error {
	if groups == nil {
		for i := range a.groups {
			groups = append(groups, i)
		}
	}
	for _, i := range groups {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := a.record(i, columns, each); err != nil {
			return err
		}
	}
	return nil
}

// record calls each with some columns of one record batch.
func (a *arrowFile) record(i int, columns []int, each func(arrow.RecordBatch) error) error {
	a.memory.left = maxBatch
	whole, err := a.reader.RecordBatchAt(i)
	if err != nil {
		return corrupt(err)
	}
	defer whole.Release()
	if whole.NumRows() != a.groups[i] {
		return corrupt(fmt.Errorf("record batch %d has %d rows and %d", i, whole.NumRows(), a.groups[i]))
	}
	arrays, fields := make([]arrow.Array, len(columns)), make([]arrow.Field, len(columns))
	for at, c := range columns {
		arrays[at], fields[at] = whole.Column(c), whole.Schema().Field(c)
		if err := array.ValidateFull(arrays[at]); err != nil { // offsets of lists among it
			return corrupt(fmt.Errorf("record batch %d, column %q: %w", i, fields[at].Name, err))
		}
	}
	some := arrowBatch(fields, arrays, whole.NumRows())
	defer some.Release()
	return each(some)
}

// allowance is memory up to a limit: a file says in eight bytes how long a
// buffer becomes when it is decompressed.
type allowance struct {
	memory.Allocator
	left int // bytes that may still be taken, returned ones not counted
}

// Allocate implements memory.Allocator; it panics where no more may be taken.
func (a *allowance) Allocate(size int) []byte {
	a.take(size)
	return a.Allocator.Allocate(size)
}

// Reallocate implements memory.Allocator, likewise.
func (a *allowance) Reallocate(size int, b []byte) []byte {
	a.take(size)
	return a.Allocator.Reallocate(size, b)
}

func (a *allowance) take(size int) {
	if size < 0 || size > a.left {
		panic(fmt.Errorf("a record batch, or the dictionaries, would take more than %d MiB of memory: write smaller batches", maxBatch>>20))
	}
	a.left -= size
}
