package manifest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/sdl-batch/sdl-batch/pipeline"
	"github.com/sdl-batch/sdl-batch/storage"
)

func mustScan(t testing.TB, text string, f Format, c Columns, shardRows int64) Index {
	t.Helper()
	index, err := Scan(t.Context(), strings.NewReader(text), f, c, shardRows)
	if err != nil {
		t.Fatal(err)
	}
	return index
}

// readAll plans a manifest on disk and reads it back through a Source.
func readAll(t testing.TB, name, text string, f Format, c Columns, shardRows int64) []pipeline.Row {
	t.Helper()
	dir := t.(interface{ TempDir() string }).TempDir()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	bucket, err := storage.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer bucket.Close()
	attrs, err := bucket.Stat(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	s := &Source{Bucket: bucket, Key: name, Pinned: attrs, Format: f, Columns: c, Gate: pipeline.NewGate(1 << 20)}
	for i, at := range mustScan(t, text, f, c, shardRows).Starts {
		s.Tasks = append(s.Tasks, Task{Shard: pipeline.Shard{Index: i, First: at.First, Rows: at.Rows}, Offset: at.Offset, Line: at.Line})
	}
	return drain(t, s)
}

func drain(t testing.TB, s *Source) []pipeline.Row {
	t.Helper()
	var rows []pipeline.Row
	flow := pipeline.NewFlow(context.Background())
	in := pipeline.From(flow, "manifest", 1, s)
	flow.Go("drain", func(ctx context.Context) error {
		for {
			r, ok, err := pipeline.Recv(ctx, in)
			if err != nil || !ok {
				return err
			}
			rows = append(rows, r)
		}
	})
	if err := flow.Wait(); err != nil {
		t.Fatal(err)
	}
	return rows
}

func uris(rows []pipeline.Row) (out []string) {
	for _, r := range rows {
		out = append(out, r.URI)
	}
	return out
}

func TestTextLinesBecomeRows(t *testing.T) {
	text := "\xEF\xBB\xBFa.jpg\r\n\n  \nfile:///b c.jpg\ns3://x/é+%20.png\n last without end"
	rows := readAll(t, "m.txt", text, Text, Columns{}, 2)
	want := []string{"a.jpg", "file:///b c.jpg", "s3://x/é+%20.png", " last without end"}
	if diff := cmp.Diff(want, uris(rows)); diff != "" {
		t.Error(diff)
	}
	for i, r := range rows {
		if r.Number != int64(i) || r.Shard.Index != i/2 || r.Invalid != nil {
			t.Errorf("row %d: %+v", i, r)
		}
	}
}

func TestBadLinesAreRowsThatCarryTheirReason(t *testing.T) {
	text := "ok.jpg\n" + strings.Repeat("x", 200<<10) + "\nbad\xff.jpg\nafter.jpg\n"
	rows := readAll(t, "m.txt", text, Text, Columns{}, 10)
	var got []string
	for _, r := range rows {
		code := "ok"
		if r.Invalid != nil {
			code = r.Invalid.Code
		}
		got = append(got, code)
		if len(r.URI) > 300 {
			t.Errorf("a bad name of %d bytes is kept", len(r.URI))
		}
	}
	if diff := cmp.Diff([]string{"ok", CodeTooLong, CodeBadUTF8, "ok"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestCSVColumnsAreFoundAndCarried(t *testing.T) {
	text := "\xEF\xBB\xBFid,Path,owner\n1,a.jpg,ann\n2,\"b,\"\"c\"\".jpg\",\"two\nlines\"\n3,,\n4\n5,e.jpg,eve\n"
	rows := readAll(t, "m.csv", text, CSV, Columns{Carried: []string{"owner", "id"}}, 2)
	var got []string
	for _, r := range rows {
		line := fmt.Sprintf("%d %s %q", r.Number, r.URI, r.Carried)
		if r.Invalid != nil {
			line += " " + r.Invalid.Code
		}
		got = append(got, line)
	}
	want := []string{
		`0 a.jpg ["ann" "1"]`, `1 b,"c".jpg ["two\nlines" "2"]`, `2  ["" "3"] empty_uri`, `3  ["" "4"] empty_uri`, `4 e.jpg ["eve" "5"]`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestAQuotedHeaderBehindAByteOrderMark is what spreadsheets write.
func TestAQuotedHeaderBehindAByteOrderMark(t *testing.T) {
	text := "\xEF\xBB\xBF\"uri\",\"id\"\r\n\"a.jpg\",\"1\"\r\n\"b.jpg\",\"2\"\r\n"
	for shardRows := range int64(2) {
		rows := readAll(t, "m.csv", text, CSV, Columns{Carried: []string{"id"}}, shardRows+1)
		if diff := cmp.Diff([]string{"a.jpg", "b.jpg"}, uris(rows)); diff != "" || rows[1].Carried[0] != "2" {
			t.Errorf("%v %s", rows, diff)
		}
	}
}

// TestAQuoteLeftOpenLosesNoRows: the csv reader takes what follows into the
// field without a word.
func TestAQuoteLeftOpenLosesNoRows(t *testing.T) {
	for format, text := range map[Format]string{
		CSV: "uri,id\na.jpg,1\nb.jpg,\"2\nc.jpg,3\nd.jpg,4\n",
		TSV: "uri\tid\na.jpg\t1\nb.jpg\t\"2\nc.jpg\t3",
	} {
		_, err := Scan(t.Context(), strings.NewReader(text), format, Columns{}, 2)
		if !errors.Is(err, storage.ErrInvalid) || !strings.Contains(err.Error(), "line 3: a quote is opened") {
			t.Errorf("%s: %v", format, err)
		}
	}
	_, err := Scan(t.Context(), strings.NewReader("\"uri\na.jpg\n"), CSV, Columns{}, 2)
	if !errors.Is(err, storage.ErrInvalid) {
		t.Errorf("header: %v", err)
	}
	rows := readAll(t, "m.csv", "uri,note\na.jpg,5\" wide\nb.jpg,\"say \"hi\" now\"\nc.jpg,\"\"", CSV, Columns{}, 1)
	if diff := cmp.Diff([]string{"a.jpg", "b.jpg", "c.jpg"}, uris(rows)); diff != "" {
		t.Error(diff)
	}
}

func TestScanRefusesWhatIsNoManifest(t *testing.T) {
	for _, c := range []struct {
		name, text string
		format     Format
		columns    Columns
		want       error
	}{
		{"empty", "", Text, Columns{}, ErrEmpty},
		{"blank lines", "\n\r\n \n", Text, Columns{}, ErrEmpty},
		{"empty csv", "", CSV, Columns{}, ErrEmpty},
		{"header only", "uri\n", CSV, Columns{}, ErrEmpty},
		{"no usual column", "a,b\n1,2\n", CSV, Columns{}, ErrColumn},
		{"missing column", "uri\nx\n", CSV, Columns{URI: "path"}, ErrColumn},
		{"missing carried", "uri\nx\n", CSV, Columns{Carried: []string{"id"}}, ErrColumn},
		{"parquet", "PAR1\x15\x04", Text, Columns{}, storage.ErrUnsupported},
		{"gzip", "\x1f\x8b\x08", Text, Columns{}, storage.ErrUnsupported},
		{"utf-16", "\xff\xfea\x00", Text, Columns{}, storage.ErrUnsupported},
		{"binary", "ab\x00cd", Text, Columns{}, storage.ErrUnsupported},
		{"open quote", "uri\n\"" + strings.Repeat("x,", 1<<20), CSV, Columns{}, storage.ErrInvalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := Scan(t.Context(), strings.NewReader(c.text), c.format, c.columns, 10); !errors.Is(err, c.want) {
				t.Errorf("error %v, want %v", err, c.want)
			}
		})
	}
}

func TestScanStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Scan(ctx, strings.NewReader("a\n"), Text, Columns{}, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestSourceRefusesAChangedManifest(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "m.txt")
	if err := os.WriteFile(file, []byte("a\nb\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	bucket, err := storage.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer bucket.Close()
	attrs, err := bucket.Stat(t.Context(), "m.txt")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("a\nb\nc\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := &Source{Bucket: bucket, Key: "m.txt", Pinned: attrs, Format: Text, Gate: pipeline.NewGate(1)}
	if err := s.Run(t.Context(), make(chan pipeline.Row, 9)); !errors.Is(err, storage.ErrChanged) {
		t.Errorf("error %v", err)
	}
}

// TestShardsAddUpToTheManifest: however a manifest is cut, the shards give the
// rows that reading it whole gives.
func TestShardsAddUpToTheManifest(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		lines := rapid.SliceOfN(rapid.StringMatching(`[a-z "é,]{0,12}`), 1, 40).Draw(rt, "lines")
		end := rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(rt, "end")
		format := rapid.SampledFrom([]Format{Text, CSV}).Draw(rt, "format")
		text := strings.Join(lines, end)
		if format == CSV {
			text = "uri,x" + end + text
		}
		whole, err := open(strings.NewReader(text), format, Columns{}, nil, 0, 1)
		if err != nil {
			rt.Fatal(err)
		}
		var want []string
		rec, err := whole.next()
		for ; err == nil; rec, err = whole.next() {
			want = append(want, rec.uri)
		}
		if err != io.EOF { // a quote is left open
			if _, again := Scan(rt.Context(), strings.NewReader(text), format, Columns{}, 3); fmt.Sprint(errors.Unwrap(again)) != err.Error() {
				rt.Fatalf("scan says %v, reading %v", again, err)
			}
			return
		}
		if len(want) == 0 {
			return
		}
		rows := readAll(t, "m", text, format, Columns{}, rapid.Int64Range(1, 7).Draw(rt, "shard"))
		if diff := cmp.Diff(want, uris(rows)); diff != "" {
			rt.Fatal(diff)
		}
	})
}

func FuzzScan(f *testing.F) {
	for _, seed := range []string{"a\nb\n", "uri\n\"x", "\xEF\xBB\xBFuri,b\r\n1\r\n", "\n\n", "a\tb\n"} {
		for _, format := range Formats {
			f.Add(seed, string(format))
		}
	}
	f.Fuzz(func(t *testing.T, text, format string) {
		index, err := Scan(t.Context(), strings.NewReader(text), Format(format), Columns{}, 3)
		if err != nil {
			return
		}
		var rows int64
		for _, s := range index.Starts {
			if s.First != rows || s.Rows < 1 || s.Rows > 3 || s.Offset < 0 || s.Offset > int64(len(text)) {
				t.Fatalf("shard %+v after %d rows of %q", s, rows, text)
			}
			rows += s.Rows
		}
		if rows != index.Rows || index.Size != int64(len(text)) || index.Rows > int64(bytes.Count([]byte(text), []byte("\n"))+1) {
			t.Fatalf("index %+v of %q", index, text)
		}
	})
}
