package columnar

import (
	"io"
	"maps"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
)

// zstdLevel costs little time; higher ones save few bytes on these tables.
const zstdLevel = 3

// newParquetWriter starts a Parquet file. It does not close w.
func newParquetWriter(w io.Writer, schema *arrow.Schema, metadata map[string]string, properties []parquet.WriterProperty) (*pqarrow.FileWriter, error) {
	properties = append([]parquet.WriterProperty{
		parquet.WithVersion(parquet.V2_LATEST),
		parquet.WithCreatedBy("sdl-batch"),
		parquet.WithCompression(compress.Codecs.Zstd),
		parquet.WithCompressionLevel(zstdLevel),
		parquet.WithStats(true),
		parquet.WithPageIndexEnabled(true),
		// A write must never be cut: arrow-go misplaces the lists of a slice.
		parquet.WithMaxRowGroupLength(1 << 40),
	}, properties...)
	// Close of a file closes what it writes to, if that can be closed: w is not
	// ours to close.
	file, err := pqarrow.NewFileWriter(schema, struct{ io.Writer }{w}, parquet.NewWriterProperties(properties...), pqarrow.NewArrowWriterProperties())
	if err != nil {
		return nil, err
	}
	return file, describe(file, metadata)
}

func describe(file *pqarrow.FileWriter, metadata map[string]string) error {
	if err := file.AppendKeyValueMetadata(SchemaKey, SchemaVersion); err != nil {
		return err
	}
	for _, key := range slices.Sorted(maps.Keys(metadata)) {
		if err := file.AppendKeyValueMetadata(key, metadata[key]); err != nil {
			return err
		}
	}
	return nil
}
