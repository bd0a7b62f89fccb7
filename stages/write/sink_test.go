package write_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/sdl-batch/sdl-batch/pipeline"
	"github.com/sdl-batch/sdl-batch/stages/write"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/columnar"
	"github.com/sdl-batch/sdl-batch/storage/dataset"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	runID     = "r1"
	matrixK   = 2
	matrixD   = 3
	tagsShown = 2 // of each group
)

// Tags are not in alphabetical order, and two share a name's beginning.
var (
	tags = []string{"zebra", "ant", "cat", "ants", "bee"}
	seen = []bool{true, true, false, false, true}
)

// newPlan plans shards of these sizes.
func newPlan(sizes ...int64) *dataset.Plan {
	p := &dataset.Plan{Format: dataset.Format, RunID: runID}
	for _, rows := range sizes {
		p.Shards = append(p.Shards, dataset.Shard{First: p.Rows, Rows: rows})
		p.Rows += rows
	}
	return p
}

func shardOf(p *dataset.Plan, i int) pipeline.Shard {
	return pipeline.Shard{Index: i, First: p.Shards[i].First, Rows: p.Shards[i].Rows}
}

var processed = time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC)

// batchOf makes a batch of rows; every fourth one is rejected. Values follow
// from the row's number.
func batchOf(shard pipeline.Shard, rows ...int64) *pipeline.Batch {
	b := &pipeline.Batch{Shard: shard, Seen: pipeline.RankedTags{Count: tagsShown}, Unseen: pipeline.RankedTags{Count: tagsShown}}
	for _, row := range rows {
		o := pipeline.Outcome{
			Row:     pipeline.Row{Shard: shard, Number: row, URI: fmt.Sprintf("s3://b/%d?token=secret", row), Carried: []string{fmt.Sprint("carried ", row)}},
			Version: fmt.Sprint("v", row), Bytes: 100 + row, Width: 10, Height: 20, Format: "png", Attempts: 1, Processed: processed,
		}
		if row%4 == 3 {
			o.Reject = &pipeline.Reject{Stage: "decode", Code: "corrupt", Message: "", Retryable: row%8 == 3}
			b.Rejected = append(b.Rejected, o)
			continue
		}
		o.SHA256 = sha256.Sum256([]byte(o.URI))
		b.Images = append(b.Images, o)
		for j := range matrixK * matrixD {
			b.Embeddings = append(b.Embeddings, float32(row)+float32(j)/8)
		}
		// Equal scores among rows: every third row has the same.
		score := float32(row % 3)
		b.Seen.TagIDs = append(b.Seen.TagIDs, []int32{0, 1, 4}[row%3], []int32{1, 4, 0}[row%3])
		b.Seen.Scores = append(b.Seen.Scores, score, score-1)
		b.Unseen.TagIDs = append(b.Unseen.TagIDs, 3, 2)
		b.Unseen.Scores = append(b.Unseen.Scores, score, score)
		b.Spread = append(b.Spread, float32(row)/2)
	}
	return b
}

// wantImage is the images row of batchOf's row.
func wantImage(row int64) columnar.Image {
	b := batchOf(pipeline.Shard{}, row)
	o := append(b.Images, b.Rejected...)[0]
	want := columnar.Image{
		Row: row, URI: shown(o.URI), Version: o.Version, Bytes: o.Bytes, Width: 10, Height: 20, Format: "png", Status: columnar.StatusOK,
		Attempts: 1, ModelID: "m", VocabID: "v", ProcessedAt: processed, Carried: o.Carried,
	}
	if o.Reject != nil {
		want.Status, want.Stage, want.Code, want.Message, want.Retryable = columnar.StatusRejected, "decode", "corrupt", "corrupt", o.Reject.Retryable
		return want
	}
	want.SHA256 = hex.EncodeToString(o.SHA256[:])
	want.Seen, want.Unseen, want.RowSpread = named(b.Seen), named(b.Unseen), b.Spread[0]
	return want
}

func named(r pipeline.RankedTags) []columnar.RankedTag {
	var out []columnar.RankedTag
	for i, id := range r.TagIDs {
		out = append(out, columnar.RankedTag{Tag: tags[id], TagID: id, Score: r.Scores[i], Rank: int32(i + 1)})
	}
	return out
}

func shown(uri string) string { return strings.TrimSuffix(uri, "?token=secret") }

// source sends batches, entering the gate before each shard's first, and ends
// with err.
type source struct {
	batches []*pipeline.Batch
	gate    pipeline.Gate
	err     error
	after   func(i int) // a batch was sent
}

func (s *source) Run(ctx context.Context, out chan<- *pipeline.Batch) error {
	entered := map[int]bool{}
	for i, b := range s.batches {
		if index := b.Shard.Index; !entered[index] {
			entered[index] = true
			if err := s.gate.Enter(ctx); err != nil {
				return err
			}
		}
		if err := pipeline.Send(ctx, out, b); err != nil {
			return err
		}
		if s.after != nil {
			s.after(i)
		}
	}
	return s.err
}

// job is a sink with what feeds it.
type job struct {
	source
	sink write.Sink

	mu           sync.Mutex
	receipts     map[int]*dataset.Receipt // as told by Done
	ok, rejected int
}

func newJob(bucket *storage.Bucket, plan *dataset.Plan, batches ...*pipeline.Batch) *job {
	gate := pipeline.NewGate(2)
	j := &job{source: source{batches: batches, gate: gate}, receipts: map[int]*dataset.Receipt{}}
	j.sink = write.Sink{
		Bucket: bucket, Plan: plan, Gate: gate, Display: shown,
		Config: write.Config{
			Rows: matrixK, Dim: matrixD, TopK: tagsShown, Tags: tags, Seen: seen, ModelID: "m", VocabID: "v",
			Carried: []string{"c"}, Device: "cpu", Program: "test", Metadata: map[string]string{dataset.RunMetadata: runID},
		},
		Done: func(r *dataset.Receipt) {
			j.mu.Lock()
			defer j.mu.Unlock()
			j.receipts[r.Shard] = r
		},
		Counted: func(ok, rejected int) { j.ok += ok; j.rejected += rejected },
	}
	return j
}

func (j *job) run(ctx context.Context) error {
	f := pipeline.NewFlow(ctx)
	pipeline.Into(f, "write", pipeline.From(f, "source", 1, &j.source), &j.sink)
	return f.Wait()
}

func open(t *testing.T, uri string) *storage.Bucket {
	t.Helper()
	b, err := storage.OpenWith(t.Context(), uri, storage.Options{Retry: storage.Policy{Attempts: 2, BaseDelay: time.Millisecond, MaxDelay: time.Millisecond}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

func memory(t *testing.T) *storage.Bucket {
	return open(t, fmt.Sprintf("mem://%s-%d", t.Name(), rand.Int64()))
}

// everyStore runs a test on memory and on local files.
func everyStore(t *testing.T, test func(t *testing.T, b *storage.Bucket)) {
	t.Run("memory", func(t *testing.T) { test(t, open(t, fmt.Sprintf("mem://sink-%d", rand.Int64()))) })
	t.Run("files", func(t *testing.T) { test(t, open(t, t.TempDir())) })
}

func keys(t *testing.T, b *storage.Bucket) []string {
	t.Helper()
	found := []string{}
	for o, err := range b.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, o.Key)
	}
	return found
}

// filesOf are the keys that a run must leave behind with these receipts.
func filesOf(receipts map[int]*dataset.Receipt) []string {
	out := []string{}
	for _, r := range receipts {
		out = append(out, dataset.ReceiptKey(runID, r.Shard))
		for _, f := range r.Files {
			out = append(out, f.Key)
		}
	}
	slices.Sort(out)
	return out
}

// table opens a file of a receipt, whose bytes must be those recorded.
func table(t *testing.T, b *storage.Bucket, f dataset.File) *columnar.File {
	t.Helper()
	data, _, err := b.ReadAll(t.Context(), f.Key, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != f.SHA256 || int64(len(data)) != f.Bytes {
		t.Errorf("%s: %d bytes, digest %x; the receipt has %d and %s", f.Key, len(data), sum, f.Bytes, f.SHA256)
	}
	file, err := columnar.Open(strings.NewReader(string(data)), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	if file.Rows != f.Rows || file.Metadata[dataset.RunMetadata] != runID {
		t.Errorf("%s: %d rows of run %q, the receipt has %d", f.Key, file.Rows, file.Metadata[dataset.RunMetadata], f.Rows)
	}
	return file
}

// checkShard reads a shard's three files and compares every row.
func checkShard(t *testing.T, b *storage.Bucket, plan *dataset.Plan, shard int) {
	t.Helper()
	r, err := dataset.ReadReceipt(t.Context(), b, plan, shard)
	if err != nil {
		t.Fatal(err)
	}
	s := plan.Shards[shard]
	images, wantTags := map[int64]columnar.Image{}, []columnar.TagRow{}
	for row := s.First; row < s.First+s.Rows; row++ {
		images[row] = wantImage(row)
		wantTags = append(wantTags, tagRows(images[row])...)
	}
	rejected := s.Rows - int64(len(wantTags)/(2*tagsShown))
	if r.Rejected != rejected || r.OK != s.Rows-rejected || r.Device != "cpu" || r.Program != "test" || r.Seconds <= 0 {
		t.Errorf("receipt %+v; want %d rejected", r, rejected)
	}
	if rejected > 0 && (len(r.Codes) != 1 || r.Codes["decode/corrupt"] != rejected) {
		t.Errorf("codes %v", r.Codes)
	}
	got := map[int64]columnar.Image{}
	check(t, table(t, b, r.Files[0]).Images(t.Context(), []string{"c"}, func(i columnar.Image) error { got[i.Row] = i; return nil }))
	if diff := cmp.Diff(images, got); diff != "" {
		t.Error(diff)
	}
	gotTags := []columnar.TagRow{}
	check(t, table(t, b, r.Files[1]).Tags(t.Context(), func(row columnar.TagRow) error { gotTags = append(gotTags, row); return nil }))
	slices.SortFunc(wantTags, byTagScoreRow)
	if diff := cmp.Diff(wantTags, gotTags); diff != "" {
		t.Error(diff)
	}
	check(t, table(t, b, r.Files[2]).Embeddings(t.Context(), func(e columnar.Embedding) error {
		want := batchOf(pipeline.Shard{}, e.Row)
		if want.Len() != 1 || !slices.Equal(e.Matrix, want.Embeddings) || e.URI != shown(want.Images[0].URI) || e.Rows != matrixK || e.Dim != matrixD {
			t.Errorf("embedding %+v", e)
		}
		return nil
	}))
}

func tagRows(i columnar.Image) []columnar.TagRow {
	var out []columnar.TagRow
	for _, r := range append(slices.Clone(i.Seen), i.Unseen...) {
		out = append(out, columnar.TagRow{Tag: r.Tag, TagID: r.TagID, Seen: seen[r.TagID], Score: r.Score, Rank: r.Rank, Row: i.Row, URI: i.URI})
	}
	return out
}

func byTagScoreRow(a, b columnar.TagRow) int {
	if a.Tag != b.Tag {
		return strings.Compare(a.Tag, b.Tag)
	}
	if a.Score != b.Score {
		return int(b.Score - a.Score) // whole numbers
	}
	return int(a.Row - b.Row)
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
