package columnar

import (
	"io"
	"maps"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"
)

// newArrowWriter starts an Arrow IPC file whose buffers are compressed with
// zstd. The metadata is the schema's. It does not close w.
func newArrowWriter(w io.Writer, schema *arrow.Schema, metadata map[string]string) (*ipc.FileWriter, error) {
	keys, values := []string{SchemaKey}, []string{SchemaVersion}
	for _, key := range slices.Sorted(maps.Keys(metadata)) {
		keys, values = append(keys, key), append(values, metadata[key])
	}
	described := arrow.NewMetadata(keys, values)
	return ipc.NewFileWriter(w, ipc.WithSchema(arrow.NewSchema(schema.Fields(), &described)), ipc.WithZstd())
}
