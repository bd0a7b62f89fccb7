package manifest

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"go.uber.org/goleak"

	"github.com/sdl-batch/sdl-batch/pipeline"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/columnar/columnartest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// bucket is a new one in memory.
func bucket(t testing.TB) *storage.Bucket {
	t.Helper()
	b, err := storage.Open(context.Background(), fmt.Sprintf("mem://manifest-%d", rand.Uint64()))
	ok(t, err)
	t.Cleanup(func() { b.Close() })
	return b
}

// file is a manifest of some bytes.
func file(t testing.TB, data []byte, f Format, c Columns) File {
	t.Helper()
	b := bucket(t)
	put(t, b, "m", data)
	return File{Bucket: b, Key: "m", Format: f, Columns: c}
}

func put(t testing.TB, b *storage.Bucket, key string, data []byte) {
	t.Helper()
	ok(t, b.WriteObject(context.Background(), key, func(w io.Writer) error { _, err := w.Write(data); return err }))
}

// scanned scans a manifest of a text.
func scanned(t testing.TB, text string, f Format, c Columns) (Index, error) {
	t.Helper()
	return Scan(context.Background(), file(t, []byte(text), f, c), 10)
}

// planned plans a manifest as the job does, and returns what reads it.
func planned(t testing.TB, f File, shardRows int64) (*Source, error) {
	t.Helper()
	index, err := Scan(context.Background(), f, shardRows)
	if err != nil {
		return nil, err
	}
	s := &Source{File: f, Pinned: index.Attrs, Header: index.Header, Gate: pipeline.NewGate(1 << 20)}
	kept := Kept{Frames: make([]int64, len(index.Starts))}
	if index.Compression != "" {
		b := f.Bucket.(*storage.Bucket)
		ok(t, b.WriteObject(context.Background(), "kept", func(w io.Writer) (err error) { kept, err = Keep(context.Background(), f, index, w); return err }))
		s.Kept = &KeptRows{Bucket: b, Key: "kept", Bytes: kept.Bytes}
	}
	ends := append(kept.Frames[1:], kept.Bytes)
	for i, at := range index.Starts {
		s.Tasks = append(s.Tasks, Task{
			Shard:  pipeline.Shard{Index: i, First: at.First, Rows: at.Rows},
			Offset: at.Offset, Line: at.Line, Frame: kept.Frames[i], End: ends[i],
		})
	}
	return s, nil
}

// readAll plans a manifest and reads it back through a Source.
func readAll(t testing.TB, text string, f Format, c Columns, shardRows int64) []pipeline.Row {
	t.Helper()
	s, err := planned(t, file(t, []byte(text), f, c), shardRows)
	ok(t, err)
	rows, err := drain(s)
	ok(t, err)
	return rows
}

func drain(s *Source) ([]pipeline.Row, error) {
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
	return rows, flow.Wait()
}

func uris(rows []pipeline.Row) (out []string) {
	for _, r := range rows {
		out = append(out, r.URI)
	}
	return out
}

// told is a row with all that matters of it, as text.
func told(r pipeline.Row) string {
	text := fmt.Sprintf("%d/%d %s %q", r.Shard.Index, r.Number, r.URI, r.Carried)
	if r.Invalid != nil {
		text = fmt.Sprintf("%d/%d %s %q", r.Shard.Index, r.Number, r.Invalid.Code, r.Carried)
	}
	return text
}

// sample is a row to be written in any format.
type sample struct{ uri, owner string }

// writers write rows in a format, with columns id (the row's number), uri and
// owner where it has columns.
var writers = map[Format]func([]sample) []byte{
	Text: func(rows []sample) []byte {
		var b bytes.Buffer
		for _, r := range rows {
			b.WriteString(r.uri + "\n")
		}
		return b.Bytes()
	},
	CSV:   func(rows []sample) []byte { return separated(rows, ',') },
	TSV:   func(rows []sample) []byte { return separated(rows, '\t') },
	JSONL: objects,
	Parquet: func(rows []sample) []byte {
		var ids []int64
		var uris, owners []string
		for i, r := range rows {
			ids, uris, owners = append(ids, int64(i)), append(uris, r.uri), append(owners, r.owner)
		}
		data, err := columnartest.Parquet(columnartest.Options{GroupRows: 5, PageBytes: 64, Index: len(rows)%2 == 0},
			columnartest.Column{Name: "id", Values: ids}, columnartest.Column{Name: "uri", Values: uris}, columnartest.Column{Name: "owner", Values: owners})
		if err != nil {
			panic(err)
		}
		return data
	},
}

func separated(rows []sample, comma rune) []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.Comma, w.UseCRLF = comma, true
	_ = w.Write([]string{"id", "uri", "owner"})
	for i, r := range rows {
		_ = w.Write([]string{fmt.Sprint(i), r.uri, r.owner})
	}
	w.Flush()
	return b.Bytes()
}

func objects(rows []sample) []byte {
	var b bytes.Buffer
	for i, r := range rows {
		uri, _ := json.Marshal(r.uri)
		owner, _ := json.Marshal(r.owner)
		if !utf8.ValidString(r.uri) { // json.Marshal would mend it
			uri = []byte(`"` + r.uri + `"`)
		}
		fmt.Fprintf(&b, "{\"id\": %d, \"uri\": %s, \"owner\": %s}\n\n", i, uri, owner)
	}
	return b.Bytes()
}

// compressors, by what Index calls it.
var compressors = map[string]func([]byte) []byte{
	"": bytes.Clone,
	"gzip": func(data []byte) []byte {
		return parts(data, func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) })
	},
	"zstd": func(data []byte) []byte {
		return parts(data, func(w io.Writer) io.WriteCloser {
			z, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1))
			if err != nil {
				panic(err)
			}
			return z
		})
	},
}

// parts compresses data in two members, one after the other.
func parts(data []byte, by func(io.Writer) io.WriteCloser) []byte {
	var b bytes.Buffer
	for _, part := range [][]byte{data[:len(data)/2], data[len(data)/2:]} {
		w := by(&b)
		if _, err := w.Write(part); err != nil {
			panic(err)
		}
		if err := w.Close(); err != nil {
			panic(err)
		}
	}
	return b.Bytes()
}

// everyKind calls each for every format and compression that go together.
func everyKind(t *testing.T, each func(t *testing.T, f Format, compression string)) {
	for _, f := range Formats {
		for compression := range compressors {
			if f == Parquet && compression != "" {
				continue
			}
			t.Run(strings.TrimSuffix(string(f)+"."+compression, "."), func(t *testing.T) { each(t, f, compression) })
		}
	}
}
