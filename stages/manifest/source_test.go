package manifest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/sdl-batch/sdl-batch/pipeline"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/columnar/columnartest"
)

func TestScanStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	everyKind(t, func(t *testing.T, f Format, compression string) {
		data := compressors[compression](writers[f]([]sample{{uri: "a"}}))
		if _, err := Scan(ctx, file(t, data, f, Columns{}), 1); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
	})
}

// TestAManifestThatChangesIsNotRead, between a plan and its shards.
func TestAManifestThatChangesIsNotRead(t *testing.T) {
	everyKind(t, func(t *testing.T, f Format, compression string) {
		if compression != "" {
			return // the run has its rows
		}
		m := file(t, writers[f]([]sample{{uri: "a"}, {uri: "b"}}), f, Columns{})
		s, err := planned(t, m, 1)
		ok(t, err)
		put(t, m.Bucket.(*storage.Bucket), "m", writers[f]([]sample{{uri: "a"}, {uri: "b"}, {uri: "c"}}))
		if rows, err := drain(s); !errors.Is(err, storage.ErrChanged) || len(rows) > 0 {
			t.Errorf("%d rows, error %v", len(rows), err)
		}
	})
}

// changing is a bucket whose manifest changes after a scan began.
type changing struct {
	*storage.Bucket
	change func()
}

func (c changing) OpenAt(ctx context.Context, key string) (*storage.ReaderAt, error) {
	c.change()
	return c.Bucket.OpenAt(ctx, key)
}

// TestAScanIsOfOneVersion: the footer of a Parquet file is read apart from its
// bytes.
func TestAScanIsOfOneVersion(t *testing.T) {
	m := file(t, writers[Parquet]([]sample{{uri: "a"}, {uri: "b"}}), Parquet, Columns{})
	b := m.Bucket.(*storage.Bucket)
	m.Bucket = changing{b, func() { put(t, b, "m", writers[Parquet]([]sample{{uri: "a"}})) }}
	if _, err := Scan(t.Context(), m, 1); !errors.Is(err, storage.ErrChanged) {
		t.Errorf("error %v", err)
	}
}

// TestRowsAreKeptOfTheManifestThatWasScanned, or not at all.
func TestRowsAreKeptOfTheManifestThatWasScanned(t *testing.T) {
	first := compressors["gzip"]([]byte("a\nb\nc\n"))
	m := file(t, first, Text, Columns{})
	index, err := Scan(t.Context(), m, 2)
	ok(t, err)
	put(t, m.Bucket.(*storage.Bucket), "m", compressors["gzip"]([]byte("a\nb\nd\n")))
	if _, err := Keep(t.Context(), m, index, io.Discard); !errors.Is(err, storage.ErrChanged) {
		t.Errorf("error %v", err)
	}
	put(t, m.Bucket.(*storage.Bucket), "m", compressors["gzip"]([]byte("a")))
	if _, err := Keep(t.Context(), m, index, io.Discard); !errors.Is(err, storage.ErrChanged) {
		t.Errorf("a shorter one: %v", err)
	}
}

// TestKeptRowsOutliveTheManifest: a run goes on although the manifest is gone.
func TestKeptRowsOutliveTheManifest(t *testing.T) {
	m := file(t, compressors["zstd"](writers[CSV]([]sample{{uri: "a"}, {uri: "b"}})), CSV, Columns{})
	s, err := planned(t, m, 1)
	ok(t, err)
	ok(t, m.Bucket.(*storage.Bucket).Delete(t.Context(), "m"))
	rows, err := drain(s)
	ok(t, err)
	if len(rows) != 2 || rows[1].URI != "b" {
		t.Errorf("%+v", rows)
	}
}

func TestDamagedKeptRowsAreTold(t *testing.T) {
	var lines bytes.Buffer
	for i := range 3000 {
		lines.WriteString(strings.Repeat("x", i%97) + "y\n")
	}
	m := file(t, compressors["gzip"](lines.Bytes()), Text, Columns{})
	b := m.Bucket.(*storage.Bucket)
	s, err := planned(t, m, 1000)
	ok(t, err)
	data, _, err := b.ReadAll(t.Context(), "kept", 1<<20)
	ok(t, err)
	flipped := bytes.Clone(data)
	flipped[len(data)/2] ^= 1
	for name, damaged := range map[string][]byte{"cut": data[:len(data)-1], "longer": append(bytes.Clone(data), 0), "flipped": flipped, "gone": nil} {
		if damaged == nil {
			ok(t, b.Delete(t.Context(), "kept"))
		} else {
			put(t, b, "kept", damaged)
		}
		if _, err := drain(s); !errors.Is(err, ErrKept) || !strings.Contains(err.Error(), "kept") {
			t.Errorf("%s: error %v", name, err)
		}
	}
	put(t, b, "kept", data)
	s.Tasks[0].Shard.Rows++ // as if the frame lacked a row
	if _, err := drain(s); !errors.Is(err, ErrKept) {
		t.Errorf("a row too few: %v", err)
	}
}

func TestSourceStopsWithItsContext(t *testing.T) {
	everyKind(t, func(t *testing.T, f Format, compression string) {
		s, err := planned(t, file(t, compressors[compression](writers[f]([]sample{{uri: "a"}, {uri: "b"}})), f, Columns{}), 1)
		ok(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		out := make(chan pipeline.Row)
		ended := make(chan error)
		go func() { ended <- s.Run(ctx, out) }()
		<-out
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
	})
}

func TestTooManyShardsAreRefused(t *testing.T) {
	index := Index{Starts: make([]Start, maxShards)}
	if err := index.fill(&textRecords{newLines(strings.NewReader("a\n"), maxURI, position{})}, 1); !errors.Is(err, storage.ErrTooLarge) {
		t.Errorf("error %v", err)
	}
	data, err := columnartest.Parquet(columnartest.Options{}, columnartest.Column{Name: "uri", Values: make([]string, maxShards+1)})
	ok(t, err)
	if _, err := Scan(t.Context(), file(t, data, Parquet, Columns{}), 1); !errors.Is(err, storage.ErrTooLarge) {
		t.Errorf("parquet: error %v", err)
	}
}
