package gc_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sdl-batch/sdl-batch/jobs/gc"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/dataset"
	"github.com/sdl-batch/sdl-batch/storage/storagetest"
)

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func open(t testing.TB, uri string) *storage.Bucket {
	t.Helper()
	b, err := storage.Open(t.Context(), uri)
	ok(t, err)
	t.Cleanup(func() { b.Close() })
	return b
}

func put(t testing.TB, b *storage.Bucket, key, text string) {
	t.Helper()
	w, err := b.NewWriter(t.Context(), key)
	ok(t, err)
	_, err = w.Write([]byte(text))
	ok(t, errors.Join(err, w.Close()))
}

func keys(t testing.TB, b *storage.Bucket) []string {
	t.Helper()
	found := []string{}
	for o, err := range b.List(t.Context(), "") {
		ok(t, err)
		found = append(found, o.Key)
	}
	return found
}

// folders gives an empty dataset on each kind of store.
var folders = map[string]func(t testing.TB) string{
	"files":   func(t testing.TB) string { return filepath.Join(t.TempDir(), "out") },
	"memory":  func(testing.TB) string { return fmt.Sprintf("mem://gc-%d/out", rand.Int64()) },
	"s3":      func(t testing.TB) string { return strings.Replace(storagetest.S3(t), "?", "/lake/out?", 1) },
	"versity": func(t testing.TB) string { return strings.Replace(storagetest.VersityS3(t), "?", "/lake/out?", 1) },
	"gs":      func(t testing.TB) string { return strings.Replace(storagetest.GCS(t), "?", "/lake/out?", 1) },
	"az":      func(t testing.TB) string { return strings.Replace(storagetest.Azure(t), "?", "/lake/out?", 1) },
}

func everyStore(t *testing.T, test func(t *testing.T, uri string, b *storage.Bucket)) {
	for name, uri := range folders {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			uri := uri(t)
			test(t, uri, open(t, uri))
		})
	}
}

const shardRows = 10

// plan plans a run of so many shards, of a manifest whose rows are kept.
func plan(t testing.TB, b *storage.Bucket, id string, shards int) *dataset.Plan {
	t.Helper()
	p := &dataset.Plan{
		Format: dataset.Format, RunID: id, CreatedAt: time.Now().UTC(), Program: "test", Rows: int64(shards * shardRows), ShardRows: shardRows,
		Identity: dataset.Identity{ManifestSHA256: id, ManifestFormat: "text", TopK: 1, Schema: dataset.Schema},
		Manifest: dataset.Manifest{Compression: "gzip", Kept: &dataset.KeptRows{Key: dataset.KeptKey(id, "NAMED"), Bytes: int64(shards)}},
	}
	for i := range shards {
		p.Shards = append(p.Shards, dataset.Shard{First: int64(i * shardRows), Rows: shardRows, Frame: int64(i)})
	}
	p.Fingerprint = p.Identity.Fingerprint()
	put(t, b, dataset.KeptKey(id, "NAMED"), strings.Repeat("x", shards))
	p, err := dataset.CreatePlan(t.Context(), b, p)
	ok(t, err)
	put(t, b, dataset.VocabKey(id), "vocabulary")
	return p
}

// attempt writes the files of one attempt at a shard, and its receipt where done.
func attempt(t testing.TB, b *storage.Bucket, p *dataset.Plan, shard int, name string, done bool) {
	t.Helper()
	r := &dataset.Receipt{Format: dataset.Format, RunID: p.RunID, Shard: shard, Attempt: name, First: p.Shards[shard].First, Rows: shardRows, OK: shardRows}
	for _, table := range dataset.ShardTables {
		text := fmt.Sprint(p.RunID, shard, name, table)
		f := dataset.File{
			Table: table, Key: dataset.AttemptKey(p.RunID, shard, name, table, dataset.Parquet),
			Bytes: int64(len(text)), SHA256: digest(text), Rows: shardRows,
		}
		put(t, b, f.Key, text)
		r.Files = append(r.Files, f)
	}
	if done {
		ours, err := dataset.CreateReceipt(t.Context(), b, r)
		if ok(t, err); !ours {
			t.Fatalf("shard %d was done before", shard)
		}
	}
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// publish makes the parts of a run's first shards appear.
func publish(t testing.TB, b *storage.Bucket, p *dataset.Plan, shards int) (files []dataset.File) {
	t.Helper()
	for i := range shards {
		r, err := dataset.ReadReceipt(t.Context(), b, p, i)
		ok(t, err)
		for _, f := range r.Files {
			source := f.Key
			f.Key = dataset.PartKey(f.Table, p.RunID, i, dataset.Parquet)
			ok(t, b.Publish(t.Context(), f.Key, source))
			files = append(files, f)
		}
	}
	return files
}

// commit publishes a run and records it.
func commit(t testing.TB, b *storage.Bucket, p *dataset.Plan) {
	t.Helper()
	c := &dataset.Commit{Format: dataset.Format, RunID: p.RunID, Fingerprint: p.Fingerprint, Rows: p.Rows, OK: p.Rows, Files: publish(t, b, p, len(p.Shards))}
	c.Seal = dataset.NewSeal(c, p, nil)
	_, err := dataset.CreateCommit(t.Context(), b, c)
	ok(t, err)
	for _, table := range dataset.Tables {
		put(t, b, dataset.SuccessKey(table, p.RunID), "")
	}
}

// filesOf are the keys of an attempt.
func filesOf(id string, shard int, name string) (keys []string) {
	for _, table := range dataset.ShardTables {
		keys = append(keys, dataset.AttemptKey(id, shard, name, table, dataset.Parquet))
	}
	return keys
}

// without is all but what is in the lists.
func without(all []string, lists ...[]string) []string {
	gone := slices.Concat(lists...)
	return slices.DeleteFunc(slices.Clone(all), func(key string) bool { return slices.Contains(gone, key) })
}

func collect(t testing.TB, o gc.Options) *gc.Summary {
	t.Helper()
	o.Program = "test"
	s, err := gc.Run(t.Context(), o, nil)
	ok(t, err)
	return s
}

// of is what is told of a run.
func of(t testing.TB, s *gc.Summary, id string) gc.RunSummary {
	t.Helper()
	for _, r := range s.Touched {
		if r.RunID == id {
			return r
		}
	}
	return gc.RunSummary{}
}
