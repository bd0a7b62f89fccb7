package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/plain"
)

func TestTextLinesBecomeRows(t *testing.T) {
	text := "\xEF\xBB\xBFa.jpg\r\n\n  \nfile:///b c.jpg\ns3://x/é+%20.png\n last without end"
	rows := readAll(t, text, Text, Columns{}, 2)
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
	rows := readAll(t, text, Text, Columns{}, 10)
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
	rows := readAll(t, text, CSV, Columns{Carried: []string{"owner", "id"}}, 2)
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
		rows := readAll(t, text, CSV, Columns{Carried: []string{"id"}}, shardRows+1)
		if diff := cmp.Diff([]string{"a.jpg", "b.jpg"}, uris(rows)); diff != "" || rows[1].Carried[0] != "2" {
			t.Errorf("%v %s", rows, diff)
		}
	}
}

// TestAStrayQuoteLosesNoRows: with another stray quote behind it, all rows
// between them would be one name.
func TestAStrayQuoteLosesNoRows(t *testing.T) {
	for format, text := range map[Format]string{
		CSV: "id,uri\n1,a.jpg\n2,\"b.jpg\n3,c.jpg\n4,d.jpg\"\n5,e.jpg\n",
		TSV: "id\turi\r\n1\ta.jpg\r\n2\t\"b.jpg\r\n3\tc.jpg\r\n4\td.jpg\"\r\n5\te.jpg\r\n",
	} {
		_, err := scanned(t, text, format, Columns{})
		if !errors.Is(err, storage.ErrInvalid) || !strings.Contains(err.Error(), "line 3: the name goes on over a line's end") {
			t.Errorf("%s: %v", format, err)
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
		_, err := scanned(t, text, format, Columns{})
		if !errors.Is(err, storage.ErrInvalid) || !strings.Contains(err.Error(), "line 3: a quote is opened") {
			t.Errorf("%s: %v", format, err)
		}
	}
	_, err := scanned(t, "\"uri\na.jpg\n", CSV, Columns{})
	if !errors.Is(err, storage.ErrInvalid) {
		t.Errorf("header: %v", err)
	}
	_, err = scanned(t, "uri,id\na.jpg,\"two\nlines\"\nb.jpg,\""+strings.Repeat("x", 2*maxRecord), CSV, Columns{})
	if !errors.Is(err, storage.ErrInvalid) || !strings.Contains(err.Error(), "row 1: the record behind line 2 is longer than") {
		t.Errorf("without end: %v", err)
	}
	rows := readAll(t, "uri,note\na.jpg,5\" wide\nb.jpg,\"say \"hi\" now\"\nc.jpg,\"\"", CSV, Columns{}, 1)
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
		{"text with columns", "uri\nx\n", Text, Columns{Carried: []string{"id"}}, ErrColumn},
		{"text with a column", "uri\nx\n", Text, Columns{URI: "uri"}, ErrColumn},
		{"parquet", "PAR1\x15\x04", Text, Columns{}, ErrFormat},
		{"parquet", "PAR1\x15\x04", CSV, Columns{}, ErrFormat},
		{"no parquet", "uri\na\n", Parquet, Columns{}, ErrFormat},
		{"broken parquet", "PAR1\x15\x04PAR1", Parquet, Columns{}, storage.ErrInvalid},
		{"encrypted parquet", "PARE1234PARE", Parquet, Columns{}, storage.ErrUnsupported},
		{"objects", "\xEF\xBB\xBF{ \"uri\": \"x\"}\n", Text, Columns{}, ErrFormat},
		{"truncated gzip", "\x1f\x8b\x08", Text, Columns{}, plain.ErrTruncated},
		{"broken gzip", "\x1f\x8b\x09\x00\x00\x00\x00\x00\x00\x00", Text, Columns{}, plain.ErrDamaged},
		{"zip", "PK\x03\x04", Text, Columns{}, storage.ErrUnsupported},
		{"bzip2", "BZh91AY", CSV, Columns{}, storage.ErrUnsupported},
		{"utf-16", "\xff\xfea\x00", Text, Columns{}, storage.ErrUnsupported},
		{"binary", "ab\x00cd", JSONL, Columns{}, storage.ErrUnsupported},
		{"open quote", "uri\n\"" + strings.Repeat("x,", 1<<20), CSV, Columns{}, storage.ErrInvalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := scanned(t, c.text, c.format, c.columns); !errors.Is(err, c.want) {
				t.Errorf("error %v, want %v", err, c.want)
			}
		})
	}
}

// TestCompressionIsToldByContent, and so is what it hides.
func TestCompressionIsToldByContent(t *testing.T) {
	parquet := string(writers[Parquet]([]sample{{uri: "a"}}))
	gzip, zstd := compressors["gzip"], compressors["zstd"]
	for _, c := range []struct {
		data   []byte
		format Format
		words  string
	}{
		{gzip([]byte(parquet)), Parquet, "a Parquet file inside gzip: unpack it"},
		{zstd([]byte(parquet)), Parquet, "a Parquet file inside zstd: unpack it"},
		{gzip([]byte(parquet)), CSV, "a Parquet file inside gzip: unpack it"},
		{gzip(zstd([]byte("a\n"))), Text, "compressed twice"},
		{zstd(gzip([]byte("a\n"))), JSONL, "compressed twice"},
		{gzip([]byte("a\x00b")), Text, "NUL bytes"},
		{zstd([]byte(strings.Repeat("a\n", 1000)))[:30], Text, "ends in the middle"},
	} {
		if _, err := scanned(t, string(c.data), c.format, Columns{}); err == nil || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%s of %.20q: %v", c.format, c.data, err)
		}
	}
	skipped := append([]byte("\x50\x2a\x4d\x18\x04\x00\x00\x00abcd"), zstd([]byte("a\nb\n"))...) // as pzstd begins
	if diff := cmp.Diff([]string{"a", "b"}, uris(readAll(t, string(skipped), Text, Columns{}, 1))); diff != "" {
		t.Error(diff)
	}
}

// TestALineOfGigabytesTakesNoMemory: of what a small file unpacks to, a line
// without an end is read and dropped.
func TestALineOfGigabytesTakesNoMemory(t *testing.T) {
	bomb := compressors["zstd"](bytes.Repeat([]byte("x"), 64<<20))
	for range 2 {
		bomb = append(bomb, bomb...) // 256 MiB in one line
	}
	for _, f := range []Format{Text, JSONL} {
		text := append(compressors["zstd"]([]byte("\"a.jpg\"\n")), bomb...)
		m := file(t, text, f, Columns{})
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		index, err := Scan(t.Context(), m, 10)
		runtime.ReadMemStats(&after)
		if ok(t, err); index.Rows != 2 {
			t.Errorf("%s: %d rows", f, index.Rows)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 32<<20 {
			t.Errorf("%s: %d MiB allocated", f, used>>20)
		}
	}
	if _, err := scanned(t, string(append(compressors["zstd"]([]byte("uri\n\"")), bomb...)), CSV, Columns{}); !errors.Is(err, storage.ErrInvalid) {
		t.Errorf("csv: %v", err)
	}
}
