package columnar

import (
	"io"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/parquet"
)

// ManifestRow is one object of a manifest that was listed.
type ManifestRow struct {
	URI      string
	Size     int64     // bytes
	Version  string    // ETag, generation, or what stands in for it; "" is stored as null
	Modified time.Time // the zero time is stored as null
}

var manifestSchema = arrow.NewSchema([]arrow.Field{
	required("uri", stringType),
	required("size", int64Type),
	nullable("version", stringType),
	nullable("modified", timeType),
}, nil)

// ManifestWriter writes a manifest.
type ManifestWriter struct{ *table }

// NewManifestWriter starts a file on w.
func NewManifestWriter(w io.Writer, o Options) (*ManifestWriter, error) {
	t, err := newTable(w, manifestSchema, o, groupRows,
		parquet.WithDictionaryFor("uri", false), // names and versions do not repeat
		parquet.WithDictionaryFor("version", false),
	)
	return &ManifestWriter{t}, err
}

// Append adds a row.
func (w *ManifestWriter) Append(r ManifestRow) error {
	c := columns{build: w.build}
	c.string(r.URI, true)
	c.int64(r.Size, true)
	c.string(r.Version, r.Version != "")
	if modified := c.field().(*array.TimestampBuilder); r.Modified.IsZero() {
		modified.AppendNull()
	} else {
		modified.Append(arrow.Timestamp(r.Modified.UnixMicro()))
	}
	return w.added()
}
