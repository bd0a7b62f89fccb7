package columnar_test

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/sdl-batch/sdl-batch/storage/columnar"
)

func open(t testing.TB, data []byte) *columnar.File {
	t.Helper()
	f, err := columnar.Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// everyFormat runs a test for each file format.
func everyFormat(t *testing.T, test func(t *testing.T, format columnar.Format)) {
	for _, format := range columnar.Formats {
		t.Run(string(format), func(t *testing.T) { test(t, format) })
	}
}

func writeImages(t testing.TB, rows []columnar.Image, o columnar.Options) []byte {
	t.Helper()
	var buf bytes.Buffer
	w, err := columnar.NewImageWriter(&buf, o)
	ok(t, err)
	for _, r := range rows {
		ok(t, w.Append(r))
	}
	ok(t, w.Close())
	if w.Rows() != int64(len(rows)) {
		t.Fatalf("%d rows", w.Rows())
	}
	return buf.Bytes()
}

func drawRanked(t *rapid.T) []columnar.RankedTag {
	out := []columnar.RankedTag{}
	for i := range rapid.IntRange(0, 4).Draw(t, "n") {
		out = append(out, columnar.RankedTag{Tag: rapid.String().Draw(t, "tag"), TagID: rapid.Int32().Draw(t, "id"), Score: rapid.Float32().Draw(t, "score"), Rank: int32(i + 1)})
	}
	return out
}

func drawImage(t *rapid.T) columnar.Image {
	r := columnar.Image{
		Row: rapid.Int64().Draw(t, "row"), URI: rapid.String().Draw(t, "uri"), Attempts: rapid.Int32().Draw(t, "attempts"),
		Retryable: rapid.Bool().Draw(t, "retryable"), ModelID: "m", VocabID: "v",
		ProcessedAt: time.UnixMicro(rapid.Int64Range(0, 4e15).Draw(t, "at")).UTC(), Carried: []string{rapid.String().Draw(t, "carried")},
	}
	if rapid.Bool().Draw(t, "ok") {
		r.Status, r.Version, r.SHA256, r.Format = columnar.StatusOK, "v1", "00ff", "jpeg"
		r.Bytes, r.Width, r.Height = rapid.Int64Min(0).Draw(t, "bytes"), rapid.Int32Min(0).Draw(t, "w"), 7
		r.Seen, r.Unseen, r.RowSpread = drawRanked(t), drawRanked(t), rapid.Float32().Draw(t, "spread")
		return r
	}
	r.Status, r.Stage, r.Code, r.Message = columnar.StatusRejected, "decode", "truncated", rapid.StringN(1, 20, -1).Draw(t, "message")
	return r
}

func TestImagesRoundTrip(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		want := rapid.SliceOfN(rapid.Custom(drawImage), 0, 30).Draw(rt, "rows")
		data := writeImages(t, want, columnar.Options{Format: rapid.SampledFrom(columnar.Formats).Draw(rt, "format"), Carried: []string{"owner"}, RowGroupRows: rapid.IntRange(10, 40).Draw(rt, "group")})
		got := []columnar.Image{}
		ok(t, open(t, data).Images(t.Context(), []string{"owner"}, func(r columnar.Image) error { got = append(got, r); return nil }))
		if len(want) == 0 {
			want = []columnar.Image{}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			rt.Fatal(diff)
		}
	})
}

func TestEmbeddingsRoundTripOverRowGroups(t *testing.T) {
	everyFormat(t, embeddingsRoundTrip)
}

func embeddingsRoundTrip(t *testing.T, format columnar.Format) {
	var buf bytes.Buffer
	w, err := columnar.NewEmbeddingWriter(&buf, 3, 5, columnar.Options{Format: format, RowGroupRows: 100, Metadata: map[string]string{"sdl.run_id": "r"}})
	ok(t, err)
	matrix := func(row int) []float32 {
		m := make([]float32, 15)
		for i := range m {
			m[i] = float32(row)*100 + float32(i)
		}
		return m
	}
	for row := range 1234 {
		ok(t, w.Append(int64(row), fmt.Sprint("u", row), matrix(row)))
	}
	if err := w.Append(0, "short", make([]float32, 14)); err == nil {
		t.Error("a matrix of another shape was taken")
	}
	ok(t, w.Close())
	f := open(t, buf.Bytes())
	if f.Format != format || f.Rows != 1234 || f.RowGroups != 13 || f.Metadata["sdl.run_id"] != "r" || f.Metadata[columnar.SchemaKey] != columnar.SchemaVersion {
		t.Errorf("%d rows in %d groups, metadata %v", f.Rows, f.RowGroups, f.Metadata)
	}
	next := 0
	ok(t, f.Embeddings(t.Context(), func(e columnar.Embedding) error {
		if e.Row != int64(next) || e.URI != fmt.Sprint("u", next) || e.Rows != 3 || e.Dim != 5 || !slices.Equal(e.Matrix, matrix(next)) {
			return fmt.Errorf("row %d: %+v", next, e)
		}
		next++
		return nil
	}))
	if next != 1234 {
		t.Errorf("%d rows", next)
	}
}

func TestVocabAndTagsRoundTrip(t *testing.T) { everyFormat(t, vocabAndTagsRoundTrip) }

func vocabAndTagsRoundTrip(t *testing.T, format columnar.Format) {
	var buf bytes.Buffer
	v, err := columnar.NewVocabWriter(&buf, columnar.Options{Format: format})
	ok(t, err)
	want := []columnar.VocabRow{{0, "red", true, []float32{1, 0}}, {1, "größe", false, []float32{0, -1}}}
	for _, r := range want {
		ok(t, v.Append(r))
	}
	ok(t, v.Close())
	var got []columnar.VocabRow
	ok(t, open(t, buf.Bytes()).Vocab(t.Context(), func(r columnar.VocabRow) error {
		r.Vector = slices.Clone(r.Vector)
		got = append(got, r)
		return nil
	}))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}

	tags := writeTagsAs(t, format, 3)
	var rows []columnar.TagRow
	ok(t, open(t, tags).Tags(t.Context(), func(r columnar.TagRow) error { rows = append(rows, r); return nil }))
	if len(rows) != 3 || rows[2] != tagRow(2) {
		t.Errorf("rows %+v", rows)
	}
}

func tagRow(i int) columnar.TagRow {
	return columnar.TagRow{Tag: "t", TagID: 1, Seen: true, Score: -float32(i), Rank: 1, Row: int64(i), URI: fmt.Sprint("file:///", i)}
}

func writeTags(t testing.TB, n int) []byte { return writeTagsAs(t, columnar.Parquet, n) }

func writeTagsAs(t testing.TB, format columnar.Format, n int) []byte {
	var buf bytes.Buffer
	w, err := columnar.NewTagWriter(&buf, columnar.Options{Format: format})
	ok(t, err)
	for i := range n {
		ok(t, w.Append(tagRow(i)))
	}
	ok(t, w.Close())
	return buf.Bytes()
}

// TestFilesHaveWhatWarehousesPruneBy looks into the footers.
func TestFilesHaveWhatWarehousesPruneBy(t *testing.T) {
	data := writeTags(t, 5000)
	r, err := file.NewParquetReader(bytes.NewReader(data))
	ok(t, err)
	group := r.MetaData().RowGroup(0)
	if s := group.SortingColumns(); len(s) != 2 || s[0].ColumnIdx != 0 || !s[1].Descending {
		t.Errorf("sorting columns %+v", s)
	}
	for i := range group.NumColumns() {
		chunk, err := group.ColumnChunk(i)
		ok(t, err)
		if chunk.Compression().String() != "ZSTD" {
			t.Errorf("column %d: compression %v", i, chunk.Compression())
		}
		if set, err := chunk.StatsSet(); err != nil || !set {
			t.Errorf("column %d: statistics %v, %v", i, set, err)
		}
		if chunk.GetColumnIndexLocation() == nil || chunk.GetOffsetIndexLocation() == nil {
			t.Errorf("column %d: no page index", i)
		}
		name := r.MetaData().Schema.Column(i).Path()
		if has := chunk.BloomFilterOffset() > 0; has != (name == "uri") {
			t.Errorf("column %s: bloom filter %v", name, has)
		}
	}
	filter, err := r.GetBloomFilterReader().RowGroup(0)
	ok(t, err)
	uris, err := filter.GetColumnBloomFilter(6)
	ok(t, err)
	if uris == nil || !uris.CheckHash(hash(uris, "file:///4999")) || uris.CheckHash(hash(uris, "file:///no such image")) {
		t.Error("the bloom filter does not tell what is in the file")
	}
}

func TestSchemasAreTheDocumentedOnes(t *testing.T) {
	files := map[string][]byte{"images": writeImages(t, nil, columnar.Options{}), "tags": writeTags(t, 1)}
	var e, v bytes.Buffer
	ew, err := columnar.NewEmbeddingWriter(&e, 1, 1, columnar.Options{})
	ok(t, err)
	ok(t, ew.Close())
	vw, err := columnar.NewVocabWriter(&v, columnar.Options{})
	ok(t, err)
	ok(t, vw.Close())
	files["embeddings"], files["vocab"] = e.Bytes(), v.Bytes()
	files["labels"], files["evaluation"] = writeLabels(t, nil), writeEvaluation(t, nil)
	for table, data := range files {
		r, err := file.NewParquetReader(bytes.NewReader(data))
		ok(t, err)
		golden := filepath.Join("testdata", table+".schema.txt")
		got := r.MetaData().Schema.String()
		want, err := os.ReadFile(golden)
		if err != nil || string(want) != got {
			ok(t, os.WriteFile(golden+".got", []byte(got), 0o644))
			t.Errorf("schema of %s is not %s; see %s.got\n%s", table, golden, golden, cmp.Diff(string(want), got))
		}
	}
}

func TestCarriedColumnsMustBeNew(t *testing.T) {
	ok(t, columnar.CheckCarried([]string{"owner", "Größe"}))
	for _, carried := range [][]string{{"uri"}, {"URI"}, {"a", "a"}, {"a", "A"}, {""}} {
		if _, err := columnar.NewImageWriter(&bytes.Buffer{}, columnar.Options{Carried: carried}); err == nil {
			t.Errorf("carried %q was taken", carried)
		}
		if columnar.CheckCarried(carried) == nil {
			t.Errorf("carried %q is said to be fine", carried)
		}
	}
}

// readEverything reads a file as every table.
func readEverything(data []byte) error {
	f, err := columnar.Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return err
	}
	ctx := context.Background()
	var sum float64
	for _, err := range []error{
		f.Images(ctx, nil, func(r columnar.Image) error { sum += float64(len(r.Seen)); return nil }),
		f.Tags(ctx, func(r columnar.TagRow) error { sum += float64(r.Score); return nil }),
		f.Embeddings(ctx, func(e columnar.Embedding) error { sum += float64(e.Matrix[0]); return nil }),
		f.Vocab(ctx, func(r columnar.VocabRow) error { sum += float64(len(r.Vector)); return nil }),
		f.Labels(ctx, func(l columnar.Label) error { sum += float64(len(l.Positives)); return nil }),
		f.Evaluation(ctx, func(r columnar.EvaluationRow) error { sum += r.AP; return nil }),
	} {
		if err == nil {
			return nil // it is a whole file of one table
		}
	}
	_ = math.IsNaN(sum)
	return fmt.Errorf("of no table")
}

func TestDamagedFilesAreErrors(t *testing.T) { everyFormat(t, damagedFilesAreErrors) }

func damagedFilesAreErrors(t *testing.T, format columnar.Format) {
	data := writeTagsAs(t, format, 300)
	for n := 0; n < len(data); n += 11 {
		if readEverything(data[:n]) == nil {
			t.Errorf("the first %d of %d bytes read as a whole file", n, len(data))
		}
	}
	for i := 0; i < len(data); i += 23 {
		damaged := slices.Clone(data)
		damaged[i] ^= 0x55
		_ = readEverything(damaged) // no panic; what it says is not defined
	}
}

func FuzzOpen(f *testing.F) {
	for _, format := range columnar.Formats {
		f.Add(writeTagsAs(f, format, 2))
		f.Add(writeImages(f, []columnar.Image{{Status: columnar.StatusOK, Seen: []columnar.RankedTag{{Tag: "a"}}}}, columnar.Options{Format: format}))
	}
	f.Fuzz(func(t *testing.T, data []byte) { _ = readEverything(data) })
}
