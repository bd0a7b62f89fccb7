package columnar_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/google/go-cmp/cmp"

	"github.com/sdl-batch/sdl-batch/storage/columnar"
	"github.com/sdl-batch/sdl-batch/storage/columnar/columnartest"
)

func openManifest(t testing.TB, data []byte) *columnar.ManifestFile {
	t.Helper()
	m, err := columnar.OpenManifest(bytes.NewReader(data), int64(len(data)))
	ok(t, err)
	return m
}

func parquetOf(t testing.TB, o columnartest.Options, columns ...columnartest.Column) []byte {
	t.Helper()
	data, err := columnartest.Parquet(o, columns...)
	ok(t, err)
	return data
}

// rest reads the rows from one on.
func rest(t testing.TB, m *columnar.ManifestFile, columns []int, row int64) ([]string, error) {
	t.Helper()
	r, err := m.Read(t.Context(), columns, row)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var out []string
	for {
		values, err := r.Next()
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return out, err
		}
		out = append(out, strings.Join(values, "|"))
	}
}

// layouts are ways to lay a file out that differ in what reading has to do.
func layouts() map[string]columnartest.Options {
	out := map[string]columnartest.Options{}
	for _, group := range []int64{0, 70, 1500} {
		for _, o := range []columnartest.Options{
			{}, {Index: true}, {Index: true, NoDictionary: true}, {OldPages: true}, {OldPages: true, Index: true}, {OldPages: true, NoDictionary: true},
			{Index: true, Codec: compress.Codecs.Zstd}, {NoDictionary: true, Codec: compress.Codecs.Snappy}, {Index: true, OldPages: true, Codec: compress.Codecs.Gzip},
		} {
			o.GroupRows, o.PageBytes = group, 300
			out[fmt.Sprintf("%+v", o)] = o
		}
	}
	return out
}

// manifestColumns are 3,000 rows with nulls, and with values that repeat.
func manifestColumns() (columns []columnartest.Column, want []string) {
	var uris, owners []*string
	var ids []int64
	for i := range 3000 {
		uri, owner := fmt.Sprintf("s3://lake/%d.jpg", i*i), fmt.Sprint("owner ", i%5)
		uris, owners, ids = append(uris, &uri), append(owners, &owner), append(ids, int64(i))
		if i%11 == 0 {
			uris[i], uri = nil, ""
		}
		if i%3 == 0 {
			owners[i], owner = nil, ""
		}
		want = append(want, fmt.Sprintf("%s|%d|%s", uri, i, owner))
	}
	return []columnartest.Column{{Name: "owner", Values: owners}, {Name: "uri", Values: uris}, {Name: "id", Values: ids}}, want
}

// TestManifestsReadFromAnyRow: whole row groups are passed over, pages with an
// index, and rows.
func TestManifestsReadFromAnyRow(t *testing.T) {
	columns, want := manifestColumns()
	for name, o := range layouts() {
		m := openManifest(t, parquetOf(t, o, columns...))
		if m.Rows != 3000 || !slices.Equal(m.Columns, []string{"owner", "uri", "id"}) {
			t.Fatalf("%s: %d rows of %q", name, m.Rows, m.Columns)
		}
		for _, row := range []int64{0, 1, 69, 70, 1024, 1025, 1500, 2998, 3000} {
			got, err := rest(t, m, []int{1, 2, 0}, row)
			ok(t, err)
			if !slices.Equal(got, want[row:]) {
				t.Fatalf("%s from row %d: %s", name, row, cmp.Diff(want[row:], got))
			}
		}
	}
}

// TestDictionariesThatTheFooterDoesNotTellOf are as parquet-mr before 1.12, and so
// Spark before 3.2, writes them: the offset of the first data page is that of the
// dictionary, whose own is missing.
func TestDictionariesThatTheFooterDoesNotTellOf(t *testing.T) {
	var uris []string
	for i := range 3000 {
		uris = append(uris, fmt.Sprint("s3://lake/", i%50))
	}
	data := parquetOf(t, columnartest.Options{Index: true, PageBytes: 100}, columnartest.Column{Name: "uri", Values: uris})
	// In the footer, in Thrift's compact protocol, lie data_page_offset, field 9, and
	// dictionary_page_offset, field 11, which is 4. The first becomes 4, as a number
	// of as many bytes as before, the other field 10, which nobody reads.
	old := -1
	for i := len(data) - 9; i > 0 && old < 0; i-- {
		if data[i] == 0x26 && data[i+1] == 0x08 && data[i+2]&0x0f == 0x0c {
			old = i
		}
	}
	first := bytes.LastIndexByte(data[:old], 0x26)
	for i := first + 1; i < old; i++ {
		data[i] = 0x80
	}
	data[first+1], data[old-1], data[old] = 0x88, 0x00, 0x16
	for _, row := range []int64{0, 5, 1024, 2999} {
		got, err := rest(t, openManifest(t, data), []int{0}, row)
		if ok(t, err); !slices.Equal(got, uris[row:]) {
			t.Errorf("from row %d: %q", row, got)
		}
	}
}

// TestAGroupIsNotReadWhole: of a row group that holds everything, what is read
// before the wanted row comes is a few pages.
func TestAGroupIsNotReadWhole(t *testing.T) {
	var uris []string
	for i := range 200_000 {
		uris = append(uris, fmt.Sprintf("s3://lake/%090d.jpg", i))
	}
	data := parquetOf(t, columnartest.Options{Index: true, NoDictionary: true}, columnartest.Column{Name: "uri", Values: uris})
	for _, row := range []int64{0, 100_000, 199_999} {
		file := &countingReader{r: bytes.NewReader(data)}
		m, err := columnar.OpenManifest(file, int64(len(data)))
		ok(t, err)
		r, err := m.Read(t.Context(), []int{0}, row)
		ok(t, err)
		got, err := r.Next()
		ok(t, err)
		ok(t, r.Close())
		if got[0] != uris[row] || file.n > len(data)/4 {
			t.Errorf("row %d: %q, having read %d of %d bytes", row, got, file.n, len(data))
		}
	}
}

type countingReader struct {
	r io.ReaderAt
	n int
}

func (c *countingReader) ReadAt(p []byte, offset int64) (int, error) {
	n, err := c.r.ReadAt(p, offset)
	c.n += n
	return n, err
}

func TestValuesOfAllTypesAreText(t *testing.T) {
	at := time.Date(2026, 11, 25, 2, 15, 0, 123456000, time.UTC)
	seven := int64(7)
	for _, c := range []struct {
		values any
		want   []string
	}{
		{[]string{"a", "ü", "b\xff"}, []string{"a", "ü", "b\xff"}},
		{[][]byte{[]byte("a"), {0xff}}, []string{"a", "\xff"}},
		{[]int32{-1, math.MaxInt32}, []string{"-1", "2147483647"}},
		{[]*int64{&seven, nil}, []string{"7", ""}},
		{[]uint64{math.MaxUint64}, []string{"18446744073709551615"}},
		{[]float32{0.1, 16777216}, []string{"0.1", "16777216"}},
		{[]float64{12345678, 0.1, -1e300, 1e-9, math.NaN(), 0}, []string{"12345678", "0.1", "-1e+300", "1e-09", "NaN", "0"}},
		{[]bool{true, false}, []string{"true", "false"}},
		{[]time.Time{at}, []string{"2026-11-25T02:15:00.123456Z"}},
		{[]columnartest.Local{columnartest.Local(at.Truncate(time.Second))}, []string{"2026-11-25T02:15:00"}},
		{[]columnartest.Day{0, 20782}, []string{"1970-01-01", "2026-11-25"}},
		{[]columnartest.Cents{-5, 123456}, []string{"-0.05", "1234.56"}},
	} {
		uris := make([]string, len(c.want))
		m := openManifest(t, parquetOf(t, columnartest.Options{}, columnartest.Column{Name: "uri", Values: uris}, columnartest.Column{Name: "v", Values: c.values}))
		got, err := rest(t, m, []int{0, 1}, 0)
		ok(t, err)
		for i := range got {
			got[i] = strings.TrimPrefix(got[i], "|")
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%T: %q, want %q", c.values, got, c.want)
		}
	}
}

func TestColumnsOfNoUseAreRefused(t *testing.T) {
	m := openManifest(t, parquetOf(t, columnartest.Options{},
		columnartest.Column{Name: "uri", Values: []string{"a"}}, columnartest.Column{Name: "id", Values: []int64{1}}, columnartest.Column{Name: "tags", Values: [][]string{{"x"}}}))
	for _, c := range []struct {
		columns []int
		words   string
	}{{[]int{1}, `column "id" holds int64, not strings`}, {[]int{2}, `column "tags" holds list`}, {[]int{0, 2}, "no single value"}} {
		if _, err := m.Read(t.Context(), c.columns, 0); !errors.Is(err, columnar.ErrColumnType) || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%v: %v", c.columns, err)
		}
	}
}

func TestManifestsThatAreNoTable(t *testing.T) {
	for _, data := range [][]byte{nil, []byte("PAR1"), []byte("PAR1\x00\x00\x00\x00PAR1"), bytes.Repeat([]byte("PAR1"), 9)} {
		if _, err := columnar.OpenManifest(bytes.NewReader(data), int64(len(data))); !errors.Is(err, columnar.ErrCorrupt) {
			t.Errorf("%q: %v", data, err)
		}
	}
}

// TestFaultsOfTheStoreStayWhatTheyAre, wherever they come.
func TestFaultsOfTheStoreStayWhatTheyAre(t *testing.T) {
	away := errors.New("the store went away")
	columns, _ := manifestColumns()
	data := parquetOf(t, columnartest.Options{GroupRows: 100, Index: true}, columns...)
	failed := 0
	for reads := range 400 {
		file := &failingReader{r: bytes.NewReader(data), left: reads, err: away}
		m, err := columnar.OpenManifest(file, int64(len(data)))
		if err == nil {
			_, err = rest(t, m, []int{1, 2}, 130)
		}
		if err == nil {
			break
		}
		if failed++; !errors.Is(err, away) || errors.Is(err, columnar.ErrCorrupt) {
			t.Fatalf("after %d reads: %v", reads, err)
		}
	}
	if failed < 20 || failed == 400 {
		t.Errorf("%d faults", failed)
	}
}

type failingReader struct {
	r    io.ReaderAt
	left int
	err  error
}

func (f *failingReader) ReadAt(p []byte, offset int64) (int, error) {
	if f.left--; f.left < 0 {
		return 0, f.err
	}
	return f.r.ReadAt(p, offset)
}

// TestValuesThatRepeatDoNotFillMemory: a long one in a dictionary is one in the
// file and many when it is read.
func TestValuesThatRepeatDoNotFillMemory(t *testing.T) {
	long := strings.Repeat("x", 1<<16)
	data := parquetOf(t, columnartest.Options{}, columnartest.Column{Name: "uri", Values: slices.Repeat([]string{long}, 1000)})
	if got, err := rest(t, openManifest(t, data), []int{0}, 999); err != nil || got[0] != long {
		t.Error(err)
	}
	columnar.LowerMemory(t, 8<<20)
	if _, err := rest(t, openManifest(t, data), []int{0}, 0); !errors.Is(err, columnar.ErrRoom) || !strings.Contains(err.Error(), "MiB at once, over 8") {
		t.Errorf("error %v", err)
	}
}

// TestDamagedManifestsCostNoMemory flips bits all over small files.
func TestDamagedManifestsCostNoMemory(t *testing.T) {
	const limit = 2 * (256 + 64) << 20
	columns, _ := manifestColumns()
	for i := range columns {
		columns[i].Values = firstRows(columns[i].Values)
	}
	for name, o := range layouts() {
		if o.GroupRows != 70 {
			continue // 60 rows are one group in all
		}
		data := parquetOf(t, o, columns...)
		found := 0
		for i := 0; i < len(data); i += 1 + len(data)/100 {
			for _, flip := range []byte{0x80, 0x01} {
				damaged := slices.Clone(data)
				damaged[i] ^= flip
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				if readManifest(t, damaged, 20) != nil {
					found++
				}
				runtime.ReadMemStats(&after)
				if used := after.TotalAlloc - before.TotalAlloc; used > limit {
					t.Errorf("%s: byte %d of %d ^ %#x: %d MiB allocated", name, i, len(data), flip, used>>20)
				}
			}
		}
		if found == 0 {
			t.Errorf("%s: no damage was noticed", name)
		}
	}
}

func firstRows(values any) any {
	switch values := values.(type) {
	case []*string:
		return values[:60]
	case []int64:
		return values[:60]
	}
	return values
}

// readManifest reads a file as far as it goes.
func readManifest(t testing.TB, data []byte, row int64) error {
	m, err := columnar.OpenManifest(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return err
	}
	var columns []int
	for i := range m.Columns {
		columns = append(columns, i)
	}
	_, err = rest(t, m, columns[:min(len(columns), 3)], row)
	return err
}

func FuzzManifestFile(f *testing.F) {
	columns, _ := manifestColumns()
	for i := range columns {
		columns[i].Values = firstRows(columns[i].Values)
	}
	for _, o := range layouts() {
		f.Add(parquetOf(f, o, columns...), uint16(9))
	}
	f.Add(parquetOf(f, columnartest.Options{}, columnartest.Column{Name: "tags", Values: [][]string{{"x"}}}), uint16(0))
	f.Fuzz(func(t *testing.T, data []byte, row uint16) {
		_ = readManifest(t, data, int64(row)) // rows or an error, never a panic
	})
}

// TestAManifestOfDuckDB reads a file that DuckDB 1.5.6 wrote, with a column of
// each of its types.
func TestAManifestOfDuckDB(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "manifest", "duckdb.parquet"))
	ok(t, err)
	m := openManifest(t, data)
	want := map[string]string{
		"uri": "s3://lake/2.jpg", "tiny": "2", "big": "2000000014", "ratio": "0.5", "price": "2.00", "at": "2026-11-25T02:15:00.5Z", "local": "2026-11-25T02:15:00",
		"day": "2026-11-25", "clock": "02:15:00", "even": "true", "id": "00000000-0000-0000-0000-000000000002", "kind": "even", "raw": "bytes", "huge": "2", "gap": "",
		"lasts": "00000000" + "00000000" + "c0655200", // months, days and milliseconds
	}
	for i, name := range m.Columns {
		got, err := rest(t, m, []int{0, i}, 2)
		switch value, single := want[name]; {
		case single && (err != nil || got[0] != "s3://lake/2.jpg|"+value):
			t.Errorf("%s: %q, %v, want %q", name, got, err, value)
		case !single && !errors.Is(err, columnar.ErrColumnType):
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

// TestNamesInADictionary are as pandas writes categories.
func TestNamesInADictionary(t *testing.T) {
	category := &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String}
	names := array.NewDictionaryBuilder(memory.DefaultAllocator, category).(*array.BinaryDictionaryBuilder)
	for _, name := range []string{"b", "a", "", "b"} {
		if name == "" {
			names.AppendNull()
		} else {
			ok(t, names.AppendString(name))
		}
	}
	schema := arrow.NewSchema([]arrow.Field{{Name: "uri", Type: category, Nullable: true}, {Name: "none", Type: arrow.Null, Nullable: true}}, nil)
	record := array.NewRecordBatch(schema, []arrow.Array{names.NewArray(), array.NewNull(4)}, 4)
	defer record.Release()
	var file bytes.Buffer
	w, err := pqarrow.NewFileWriter(schema, &file, parquet.NewWriterProperties(), pqarrow.NewArrowWriterProperties(pqarrow.WithStoreSchema()))
	ok(t, err)
	ok(t, w.Write(record))
	ok(t, w.Close())
	got, err := rest(t, openManifest(t, file.Bytes()), []int{0, 1}, 0)
	ok(t, err)
	if !slices.Equal(got, []string{"b|", "a|", "|", "b|"}) {
		t.Errorf("%q", got)
	}
}
