package arrowfile_test

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/sdl-batch/sdl-batch/jobs/verify/reread/arrowfile"
	"github.com/sdl-batch/sdl-batch/storage/columnar"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// images is a small images table: a labelled image, a rejected one, and one whose
// lists are empty.
func images(t testing.TB) []byte {
	var out bytes.Buffer
	w, err := columnar.NewImageWriter(&out, columnar.Options{Format: columnar.Arrow, RowGroupRows: 2, Carried: []string{"owner"}})
	ok(t, err)
	tags := []columnar.RankedTag{{Tag: "red", TagID: 3, Score: 0.5, Rank: 1}, {Tag: "größe", TagID: 1, Score: -1, Rank: 2}}
	ok(t, w.Append(columnar.Image{Row: 1 << 40, URI: "a", Status: columnar.StatusOK, Bytes: 7, Seen: tags, Unseen: tags[:1], RowSpread: 2, Carried: []string{"ann"}}))
	ok(t, w.Append(columnar.Image{Row: 2, Status: columnar.StatusRejected, Stage: "decode", Code: "empty", Retryable: true}))
	ok(t, w.Append(columnar.Image{Row: 3, URI: "c", Status: columnar.StatusOK}))
	ok(t, w.Close())
	return out.Bytes()
}

func open(data []byte) (*arrowfile.File, error) {
	return arrowfile.Open(bytes.NewReader(data), int64(len(data)))
}

// readAll reads every column, some rows at a time.
func readAll(data []byte, rows int64) (map[string]arrowfile.Cells, error) {
	f, err := open(data)
	if err != nil {
		return nil, err
	}
	out := map[string]arrowfile.Cells{}
	for i, c := range f.Columns {
		var all arrowfile.Cells
		for left := min(f.Rows, 1000); left > 0; left -= rows {
			some, err := f.Read(i, int(min(left, rows)))
			if err != nil {
				return nil, err
			}
			all.Values = append(all.Values, some.Values...)
			all.Repetition = append(all.Repetition, some.Repetition...)
			all.Definition = append(all.Definition, some.Definition...)
		}
		out[c.Path] = all
	}
	return out, nil
}

func TestColumnsAreReadAcrossRecordBatches(t *testing.T) {
	for _, rows := range []int64{1, 2, 3, 100} {
		got, err := readAll(images(t), rows)
		ok(t, err)
		for path, want := range map[string]arrowfile.Cells{
			"manifest_row":            {[]any{int64(1 << 40), int64(2), int64(3)}, []int32{0, 0, 0}, []int32{0, 0, 0}},
			"uri":                     {[]any{"a", "", "c"}, []int32{0, 0, 0}, []int32{0, 0, 0}},
			"code":                    {[]any{nil, "empty", nil}, []int32{0, 0, 0}, []int32{0, 1, 0}},
			"bytes":                   {[]any{int64(7), nil, int64(0)}, []int32{0, 0, 0}, []int32{1, 0, 1}},
			"retryable":               {[]any{false, true, false}, []int32{0, 0, 0}, []int32{0, 0, 0}},
			"row_spread":              {[]any{float32(2), nil, float32(0)}, []int32{0, 0, 0}, []int32{1, 0, 1}},
			"seen.list.element.tag":   {[]any{"red", "größe", nil, nil}, []int32{0, 1, 0, 0}, []int32{2, 2, 0, 1}},
			"seen.list.element.rank":  {[]any{int32(1), int32(2), nil, nil}, []int32{0, 1, 0, 0}, []int32{2, 2, 0, 1}},
			"unseen.list.element.tag": {[]any{"red", nil, nil}, []int32{0, 0, 0}, []int32{2, 0, 1}},
			"owner":                   {[]any{"ann", nil, nil}, []int32{0, 0, 0}, []int32{1, 0, 0}},
		} {
			if diff := cmp.Diff(want, got[path]); diff != "" {
				t.Errorf("%s, %d rows at a time: %s", path, rows, diff)
			}
		}
	}
}

func TestRowsEnd(t *testing.T) {
	f, err := open(images(t))
	ok(t, err)
	if _, err := f.Read(0, int(f.Rows)+1); err == nil {
		t.Error("a row behind the last was read")
	}
}

// write writes rows of a column as another program might.
func write(t *testing.T, of arrow.DataType, nullable bool, rows string, options ...ipc.Option) []byte {
	t.Helper()
	schema := arrow.NewSchema([]arrow.Field{{Name: "x", Type: of, Nullable: nullable}}, nil)
	record, _, err := array.RecordFromJSON(memory.DefaultAllocator, schema, bytes.NewReader([]byte(rows)))
	ok(t, err)
	defer record.Release()
	var out bytes.Buffer
	w, err := ipc.NewFileWriter(&out, append(options, ipc.WithSchema(schema))...)
	ok(t, err)
	ok(t, errors.Join(w.Write(record), w.Close()))
	return out.Bytes()
}

func TestWhatNoTableHasIsRefused(t *testing.T) {
	text, zstd := arrow.BinaryTypes.String, ipc.WithZstd()
	for name, data := range map[string][]byte{
		"unsigned":          write(t, arrow.PrimitiveTypes.Uint32, false, `[{"x": 1}]`, zstd),
		"short integers":    write(t, arrow.PrimitiveTypes.Int16, false, `[{"x": 1}]`, zstd),
		"doubles":           write(t, arrow.PrimitiveTypes.Float64, false, `[{"x": 1}]`, zstd),
		"large text":        write(t, arrow.BinaryTypes.LargeString, false, `[{"x": "a"}]`, zstd),
		"local time":        write(t, &arrow.TimestampType{Unit: arrow.Microsecond}, false, `[{"x": 0}]`, zstd),
		"seconds":           write(t, &arrow.TimestampType{Unit: arrow.Second, TimeZone: "UTC"}, false, `[{"x": 0}]`, zstd),
		"lists of lists":    write(t, arrow.ListOfNonNullable(arrow.ListOfNonNullable(text)), false, `[{"x": [["a"]]}]`, zstd),
		"elements of null":  write(t, arrow.ListOf(text), false, `[{"x": ["a"]}]`, zstd),
		"a struct":          write(t, arrow.StructOf(arrow.Field{Name: "y", Type: text}), false, `[{"x": {"y": "a"}}]`, zstd),
		"a dictionary":      write(t, &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: text}, false, `[{"x": "a"}]`, zstd),
		"null that may not": write(t, text, false, `[{"x": null}]`, zstd),
		"no compression":    write(t, text, false, `[{"x": "a"}]`),
		"another codec":     write(t, text, false, `[{"x": "a"}]`, ipc.WithLZ4()),
	} {
		if _, err := readAll(data, 10); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	data := write(t, text, true, `[{"x": "a"}, {"x": null}]`, zstd, ipc.WithMinSpaceSavings(0.99)) // buffers as they are
	got, err := readAll(data, 10)
	if want := []any{"a", nil}; err != nil || !slices.Equal(got["x"].Values, want) {
		t.Errorf("%v, %v", got, err)
	}
}

// TestDamageCostsNoMemory flips bits all over a file, and cuts it.
func TestDamageCostsNoMemory(t *testing.T) {
	whole := images(t)
	noticed := 0
	for i := 0; i < len(whole); i += 5 {
		for _, flip := range []byte{0x01, 0x80} {
			damaged := slices.Clone(whole)
			damaged[i] ^= flip
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			if _, err := readAll(damaged, 10); err != nil {
				noticed++
			}
			runtime.ReadMemStats(&after)
			if used := after.TotalAlloc - before.TotalAlloc; used > 64<<20 {
				t.Errorf("byte %d ^ %#x: %d MiB allocated", i, flip, used>>20)
			}
		}
		if _, err := readAll(whole[:i], 10); err == nil {
			t.Errorf("the first %d of %d bytes read as a whole file", i, len(whole))
		}
	}
	if noticed < len(whole)/5 {
		t.Errorf("%d of some %d flipped bits were noticed", noticed, 2*len(whole)/5)
	}
	t.Logf("%d of some %d flipped bits were noticed", noticed, 2*len(whole)/5)
}

func FuzzOpen(f *testing.F) {
	f.Add(images(f))
	var out bytes.Buffer
	w, err := columnar.NewEmbeddingWriter(&out, 2, 3, columnar.Options{Format: columnar.Arrow})
	ok(f, err)
	ok(f, w.Append(1, "a", make([]float32, 6)))
	ok(f, w.Close())
	f.Add(out.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		all, err := readAll(data, 7)
		for path, c := range all {
			if err == nil && (len(c.Repetition) != len(c.Values) || len(c.Definition) != len(c.Values)) {
				t.Error(fmt.Errorf("%s: %d values, %d and %d levels", path, len(c.Values), len(c.Repetition), len(c.Definition)))
			}
		}
	})
}
