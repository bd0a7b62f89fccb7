package columnar

import (
	"fmt"
	"io"

	"github.com/apache/arrow-go/v18/parquet"
)

// TagRow is one row of the tags table: an image and one of its ranked tags.
type TagRow struct {
	Tag   string
	TagID int32
	Seen  bool
	Score float32
	Rank  int32
	Row   int64
	URI   string
}

// TagWriter writes the tags table. The caller appends rows in the table's
// order: by tag, then by falling score.
type TagWriter struct{ *table }

// NewTagWriter starts a file on w.
func NewTagWriter(w io.Writer, o Options) (*TagWriter, error) {
	t, err := newTable(w, tagSchema, o, groupRows,
		parquet.WithSortingColumns([]parquet.SortingColumn{
			{ColumnIdx: int32(tagSchema.FieldIndices("tag")[0])},
			{ColumnIdx: int32(tagSchema.FieldIndices("score")[0]), Descending: true},
		}),
		// "What is on this image?" without reading every row group.
		parquet.WithBloomFilterEnabledFor("uri", true),
		parquet.WithAdaptiveBloomFilterEnabledFor("uri", true),
		parquet.WithBloomFilterFPPFor("uri", 0.01),
		// Sizes to choose from, each half of the next: 512 bytes to 1 MiB.
		parquet.WithBloomFilterCandidatesFor("uri", 12),
	)
	return &TagWriter{t}, err
}

// Append adds a row.
func (w *TagWriter) Append(r TagRow) error {
	c := columns{build: w.build}
	c.string(r.Tag, true)
	c.int32(r.TagID, true)
	c.bool(r.Seen)
	c.float(r.Score, true)
	c.int32(r.Rank, true)
	c.int64(r.Row, true)
	c.string(r.URI, true)
	return w.added()
}

// EmbeddingWriter writes the embeddings table.
type EmbeddingWriter struct {
	*table
	rows, dim int
}

// NewEmbeddingWriter starts a file on w for matrices [rows,dim].
func NewEmbeddingWriter(w io.Writer, rows, dim int, o Options) (*EmbeddingWriter, error) {
	const values = "embedding.list.element"
	t, err := newTable(w, embeddingSchema, o, embeddingGroupRows,
		// Floats of a network neither repeat nor prune.
		parquet.WithDictionaryFor(values, false),
		parquet.WithStatsFor(values, false),
		parquet.WithPageIndexEnabledFor(values, false),
	)
	return &EmbeddingWriter{table: t, rows: rows, dim: dim}, err
}

// Append adds a row; matrix is [K,D] in row-major order.
func (w *EmbeddingWriter) Append(manifestRow int64, uri string, matrix []float32) error {
	if len(matrix) != w.rows*w.dim {
		return fmt.Errorf("embedding of %d values, want %d x %d", len(matrix), w.rows, w.dim)
	}
	c := columns{build: w.build}
	c.int64(manifestRow, true)
	c.string(uri, true)
	c.int32(int32(w.rows), true)
	c.int32(int32(w.dim), true)
	c.floats(matrix)
	return w.added()
}

// VocabRow is one row of the vocab table.
type VocabRow struct {
	TagID  int32
	Tag    string
	Seen   bool
	Vector []float32
}

// VocabWriter writes the vocab table.
type VocabWriter struct{ *table }

// NewVocabWriter starts a file on w.
func NewVocabWriter(w io.Writer, o Options) (*VocabWriter, error) {
	t, err := newTable(w, vocabSchema, o, vocabGroupRows, parquet.WithDictionaryFor("vector.list.element", false))
	return &VocabWriter{t}, err
}

// Append adds a row.
func (w *VocabWriter) Append(r VocabRow) error {
	c := columns{build: w.build}
	c.int32(r.TagID, true)
	c.string(r.Tag, true)
	c.bool(r.Seen)
	c.floats(r.Vector)
	return w.added()
}
