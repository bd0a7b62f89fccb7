package columnar_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/sdl-batch/sdl-batch/storage/columnar"
)

func writeLabels(t testing.TB, rows []columnar.Label) []byte {
	t.Helper()
	return writeLabelsAs(t, columnar.Parquet, rows)
}

func writeLabelsAs(t testing.TB, format columnar.Format, rows []columnar.Label) []byte {
	t.Helper()
	var buf bytes.Buffer
	w, err := columnar.NewLabelWriter(&buf, columnar.Options{Format: format, RowGroupRows: 8})
	ok(t, err)
	for _, r := range rows {
		ok(t, w.Append(r))
	}
	ok(t, w.Close())
	return buf.Bytes()
}

// readLabels returns all rows; empty lists are nil.
func readLabels(t testing.TB, data []byte) (rows []columnar.Label, err error) {
	t.Helper()
	f, err := columnar.Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	return rows, f.Labels(t.Context(), func(l columnar.Label) error {
		l.Positives, l.Negatives = slices.Clone(l.Positives), slices.Clone(l.Negatives)
		if len(l.Positives) == 0 {
			l.Positives = nil
		}
		if len(l.Negatives) == 0 {
			l.Negatives = nil
		}
		rows = append(rows, l)
		return nil
	})
}

func drawLabel(t *rapid.T) columnar.Label {
	tags := rapid.SliceOfN(rapid.String(), 0, 4)
	l := columnar.Label{URI: rapid.String().Draw(t, "uri"), Positives: tags.Draw(t, "positives"), Partial: rapid.Bool().Draw(t, "partial"), Split: rapid.String().Draw(t, "split")}
	if l.Partial {
		l.Negatives = tags.Draw(t, "negatives")
	}
	if len(l.Positives) == 0 {
		l.Positives = nil
	}
	if len(l.Negatives) == 0 {
		l.Negatives = nil
	}
	return l
}

func TestLabelsRoundTrip(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		want := rapid.SliceOfN(rapid.Custom(drawLabel), 0, 30).Draw(rt, "rows")
		got, err := readLabels(t, writeLabelsAs(t, rapid.SampledFrom(columnar.Formats).Draw(rt, "format"), want))
		if err != nil {
			rt.Fatal(err)
		}
		if len(want) != len(got) || len(want) > 0 && !cmp.Equal(want, got) {
			rt.Fatal(cmp.Diff(want, got))
		}
	})
}

func TestNegativesThatWouldBeLostAreRefused(t *testing.T) {
	w, err := columnar.NewLabelWriter(&bytes.Buffer{}, columnar.Options{})
	ok(t, err)
	if err := w.Append(columnar.Label{URI: "a", Negatives: []string{"red"}}); err == nil {
		t.Error("negatives of a row that is not partial were taken")
	}
}

// TestLabelsOfDuckDB reads files that DuckDB 1.5.6 wrote: columns in any order
// and among others, nulls everywhere, columns that are missing, and one that
// never has a value and so no lists.
func TestLabelsOfDuckDB(t *testing.T) {
	for name, want := range map[string][]columnar.Label{
		"duckdb.parquet": {
			{URI: "a b.jpg", Positives: []string{"red", "round"}, Split: "train"},
			{URI: "b.jpg", Negatives: []string{"blue", "red"}, Partial: true},
			{URI: "größe.jpg", Partial: true, Split: "test"},
			{Positives: []string{"red", "red"}, Split: "val"},
		},
		"duckdb_two.parquet":  {{URI: "a.jpg", Positives: []string{"red"}}},
		"duckdb_null.parquet": {{URI: "a.jpg", Positives: []string{"red"}}},
	} {
		data, err := os.ReadFile(filepath.Join("testdata", "labels", name))
		ok(t, err)
		got, err := readLabels(t, data)
		if err != nil || !cmp.Equal(want, got) {
			t.Errorf("%s: %v\n%s", name, err, cmp.Diff(want, got))
		}
	}
}

// foreign writes rows with the given Arrow types of uri and of the lists, the
// Arrow schema kept in the file, as pyarrow does it.
func foreign(t testing.TB, uri, list arrow.DataType, rows string) []byte {
	t.Helper()
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "negatives", Type: list, Nullable: true}, {Name: "score", Type: arrow.PrimitiveTypes.Uint8, Nullable: true},
		{Name: "positives", Type: list, Nullable: true}, {Name: "uri", Type: uri, Nullable: true},
	}, nil)
	record, _, err := array.RecordFromJSON(memory.DefaultAllocator, schema, strings.NewReader(rows))
	ok(t, err)
	defer record.Release()
	var buf bytes.Buffer
	w, err := pqarrow.NewFileWriter(schema, &buf, parquet.NewWriterProperties(), pqarrow.NewArrowWriterProperties(pqarrow.WithStoreSchema()))
	ok(t, err)
	ok(t, w.Write(record))
	ok(t, w.Close())
	return buf.Bytes()
}

func TestLabelsOfOtherArrowTypes(t *testing.T) {
	const rows = `[{"uri": "a.jpg", "positives": ["red", null, "blue"], "score": 3},
		{"uri": null, "positives": null, "negatives": []}, {"uri": "a.jpg", "positives": [], "negatives": ["red", "größe"]}]`
	want := []columnar.Label{
		{URI: "a.jpg", Positives: []string{"red", "blue"}},
		{Partial: true},
		{URI: "a.jpg", Negatives: []string{"red", "größe"}, Partial: true},
	}
	text, large := arrow.BinaryTypes.String, arrow.BinaryTypes.LargeString
	dictionary := &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: text}
	for name, types := range map[string][2]arrow.DataType{
		"plain":           {text, arrow.ListOf(text)},
		"large":           {large, arrow.LargeListOf(large)},
		"large list":      {text, arrow.LargeListOf(text)},
		"element name":    {text, arrow.ListOfField(arrow.Field{Name: "tag", Type: text, Nullable: true})},
		"dictionary":      {dictionary, arrow.ListOf(text)},
		"dictionary list": {text, arrow.ListOf(dictionary)},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := readLabels(t, foreign(t, types[0], types[1], rows))
			if err != nil || !cmp.Equal(want, got) {
				t.Errorf("%v\n%s", err, cmp.Diff(want, got))
			}
		})
	}
}

func TestOtherTablesAreNoLabels(t *testing.T) {
	text, number := arrow.BinaryTypes.String, arrow.PrimitiveTypes.Int64
	for name, data := range map[string][]byte{
		"tags":    writeTags(t, 3),
		"numbers": foreign(t, number, arrow.ListOf(text), `[{"uri": 1, "positives": ["red"]}]`),
		"lists":   foreign(t, text, arrow.ListOf(number), `[{"uri": "a", "positives": [1]}]`),
		"scalar":  foreign(t, text, text, `[{"uri": "a", "positives": "red"}]`),
	} {
		if rows, err := readLabels(t, data); !errors.Is(err, columnar.ErrCorrupt) {
			t.Errorf("%s: %d rows, %v", name, len(rows), err)
		}
	}
}

func writeEvaluation(t testing.TB, rows []columnar.EvaluationRow) []byte {
	t.Helper()
	var buf bytes.Buffer
	w, err := columnar.NewEvaluationWriter(&buf, columnar.Options{})
	ok(t, err)
	for _, r := range rows {
		ok(t, w.Append(r))
	}
	ok(t, w.Close())
	return buf.Bytes()
}

func TestEvaluationRoundTrip(t *testing.T) {
	rows := []columnar.EvaluationRow{
		{TagID: 3, Tag: "red", Seen: true, Annotated: 9, Positives: 2, AP: 50, APGroup: 75, APKeep: 12.5},
		{TagID: 4, Tag: "größe", Annotated: 7, AP: 1, APGroup: 2, APKeep: 3}, // no positives: no AP
	}
	var got []columnar.EvaluationRow
	ok(t, open(t, writeEvaluation(t, rows)).Evaluation(t.Context(), func(r columnar.EvaluationRow) error { got = append(got, r); return nil }))
	rows[1].AP, rows[1].APGroup, rows[1].APKeep = 0, 0, 0
	if diff := cmp.Diff(rows, got); diff != "" {
		t.Error(diff)
	}
}

func FuzzLabels(f *testing.F) {
	f.Add(writeLabels(f, []columnar.Label{{URI: "a", Positives: []string{"red"}}, {URI: "b", Partial: true, Negatives: []string{"x"}}}))
	for _, name := range []string{"duckdb.parquet", "duckdb_two.parquet", "duckdb_null.parquet"} {
		data, err := os.ReadFile(filepath.Join("testdata", "labels", name))
		ok(f, err)
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) { _, _ = readLabels(t, data) })
}
