package columnar_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/google/go-cmp/cmp"

	"github.com/sdl-batch/sdl-batch/storage/columnar"
)

// manifestRow is row i of a manifest; every third has neither version nor time.
func manifestRow(i int) columnar.ManifestRow {
	r := columnar.ManifestRow{URI: fmt.Sprintf("s3://lake/a b/%d%%20?\n.jpg", i), Size: int64(i)}
	if i%3 > 0 {
		r.Version = fmt.Sprint("etag", i)
		r.Modified = time.Date(2026, 11, 25, 23, 59, 59, i*1000+999, time.FixedZone("east", 7200))
	}
	return r
}

func writeManifest(t testing.TB, n int, o columnar.Options) []byte {
	t.Helper()
	var buf bytes.Buffer
	w, err := columnar.NewManifestWriter(&buf, o)
	ok(t, err)
	for i := range n {
		ok(t, w.Append(manifestRow(i)))
	}
	ok(t, w.Close())
	return buf.Bytes()
}

// TestManifestsReadAsTheyWereWritten, times in UTC and whole microseconds.
func TestManifestsReadAsTheyWereWritten(t *testing.T) {
	data := writeManifest(t, 250, columnar.Options{RowGroupRows: 100})
	m, err := columnar.OpenManifest(bytes.NewReader(data), int64(len(data)))
	ok(t, err)
	if diff := cmp.Diff([]string{"uri", "size", "version", "modified"}, m.Columns); diff != "" || m.Rows != 250 {
		t.Fatal(m.Rows, diff)
	}
	r, err := m.Read(t.Context(), []int{0, 1, 2, 3}, 0)
	ok(t, err)
	defer r.Close()
	for i := range 250 {
		got, err := r.Next()
		ok(t, err)
		want := []string{manifestRow(i).URI, fmt.Sprint(i), manifestRow(i).Version, ""}
		if at := manifestRow(i).Modified; !at.IsZero() {
			want[3] = at.UTC().Truncate(time.Microsecond).Format("2006-01-02T15:04:05.999999Z")
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("row %d: %s", i, diff)
		}
	}
	if _, err := r.Next(); err != io.EOF {
		t.Errorf("behind the last row: %v", err)
	}
}

func TestTheManifestsSchemaIsTheDocumentedOne(t *testing.T) {
	r, err := file.NewParquetReader(bytes.NewReader(writeManifest(t, 1, columnar.Options{})))
	ok(t, err)
	const golden = "testdata/manifest.schema.txt"
	got := r.MetaData().Schema.String()
	want, err := os.ReadFile(golden)
	if err != nil || string(want) != got {
		ok(t, os.WriteFile(golden+".got", []byte(got), 0o644))
		t.Errorf("schema is not %s; see %s.got\n%s", golden, golden, cmp.Diff(string(want), got))
	}
}
