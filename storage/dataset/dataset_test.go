package dataset_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/dataset"
	"github.com/sdl-batch/sdl-batch/storage/storagetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const run = "2026-01.a_b"

func newPlan() *dataset.Plan {
	p := &dataset.Plan{
		Format: dataset.Format, RunID: run, CreatedAt: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC), Program: "test 1",
		Identity: dataset.Identity{
			ManifestSHA256: "ab", ManifestFormat: "csv", ManifestBase: "s3://b/p", URIColumn: "uri", Carried: []string{"x", "y"},
			ModelID: "m", VocabID: "v", TopK: 10, Precision: "fp32", Schema: dataset.Schema,
		},
		Manifest: dataset.Manifest{URI: "s3://b/p/m.csv", Version: "e", Size: 1000},
		Scoring:  dataset.Scoring{Rows: 7, Dim: 300, Reduction: "max", LogitScale: 1},
		Rows:     25, ShardRows: 10,
		Shards: []dataset.Shard{{First: 0, Rows: 10, Offset: 4, Line: 2}, {First: 10, Rows: 10, Offset: 300, Line: 12}, {First: 20, Rows: 5, Offset: 600, Line: 22}},
	}
	p.Fingerprint = p.Identity.Fingerprint()
	return p
}

func newReceipt(shard int, attempt string) *dataset.Receipt {
	s := newPlan().Shards[shard]
	r := &dataset.Receipt{
		Format: dataset.Format, RunID: run, Shard: shard, Attempt: attempt, First: s.First, Rows: s.Rows, OK: s.Rows - 2, Rejected: 2,
		Codes: map[string]int64{"decode/corrupt": 2}, Device: "cpu", Program: "test 1", Finished: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC), Seconds: 1.5,
	}
	rows := map[string]int64{dataset.Images: r.Rows, dataset.Embeddings: r.OK, dataset.Tags: 20 * r.OK}
	for _, table := range dataset.ShardTables {
		r.Files = append(r.Files, dataset.File{
			Table: table, Key: dataset.AttemptKey(run, shard, attempt, table, dataset.Parquet), Bytes: 99, SHA256: strings.Repeat("0a", 32), Rows: rows[table],
		})
	}
	return r
}

func newCommit() *dataset.Commit {
	return &dataset.Commit{
		Format: dataset.Format, RunID: run, Fingerprint: "f", ModelID: "m", VocabID: "v", Rows: 25, OK: 19, Rejected: 6,
		Codes: map[string]int64{"decode/corrupt": 6}, Devices: map[string]int{"cpu": 3},
		Files:     []dataset.File{{Table: dataset.Images, Key: dataset.PartKey(dataset.Images, run, 0, dataset.Parquet), Bytes: 1, SHA256: "00", Rows: 25}},
		Committed: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC), ShardSeconds: 3, Program: "test 1",
	}
}

func open(t testing.TB, uri string) *storage.Bucket {
	t.Helper()
	b, err := storage.Open(t.Context(), uri)
	ok(t, err)
	t.Cleanup(func() { b.Close() })
	return b
}

func memory(t testing.TB) *storage.Bucket {
	return open(t, fmt.Sprintf("mem://dataset-%d", rand.Int64()))
}

// everyStore runs a test on each kind of store.
func everyStore(t *testing.T, test func(t *testing.T, b *storage.Bucket)) {
	t.Run("memory", func(t *testing.T) { test(t, memory(t)) })
	t.Run("files", func(t *testing.T) { test(t, open(t, t.TempDir())) })
	t.Run("s3", func(t *testing.T) { test(t, open(t, storagetest.S3(t))) })
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func put(t testing.TB, b *storage.Bucket, key, text string) {
	t.Helper()
	w, err := b.NewWriter(t.Context(), key)
	ok(t, err)
	_, err = w.Write([]byte(text))
	ok(t, errors.Join(err, w.Close()))
}

func TestRecordsComeBackAsTheyWere(t *testing.T) {
	everyStore(t, func(t *testing.T, b *storage.Bucket) {
		_, err := dataset.ReadPlan(t.Context(), b, run)
		if !errors.Is(err, storage.ErrNotExist) {
			t.Errorf("plan before it was written: %v", err)
		}
		_, err = dataset.ReadCommit(t.Context(), b, run)
		if !errors.Is(err, storage.ErrNotExist) {
			t.Errorf("commit before it was written: %v", err)
		}
		plan, err := dataset.CreatePlan(t.Context(), b, newPlan())
		ok(t, err)
		if diff := cmp.Diff(newPlan(), plan); diff != "" {
			t.Error(diff)
		}
		_, err = dataset.ReadReceipt(t.Context(), b, plan, 1)
		if !errors.Is(err, storage.ErrNotExist) {
			t.Errorf("receipt before it was written: %v", err)
		}
		ours, err := dataset.CreateReceipt(t.Context(), b, newReceipt(1, "A1"))
		if err != nil || !ours {
			t.Errorf("ours %v, error %v", ours, err)
		}
		receipt, err := dataset.ReadReceipt(t.Context(), b, plan, 1)
		ok(t, err)
		if diff := cmp.Diff(newReceipt(1, "A1"), receipt); diff != "" {
			t.Error(diff)
		}
		commit, err := dataset.CreateCommit(t.Context(), b, newCommit())
		ok(t, err)
		if diff := cmp.Diff(newCommit(), commit); diff != "" {
			t.Error(diff)
		}
	})
}

// TestTheFirstRecordWins races several different records under one name.
func TestTheFirstRecordWins(t *testing.T) {
	everyStore(t, func(t *testing.T, b *storage.Bucket) {
		const writers = 6
		plans, commits := make([]*dataset.Plan, writers), make([]*dataset.Commit, writers)
		ours := make([]bool, writers)
		var all sync.WaitGroup
		for i := range writers {
			all.Go(func() {
				p, c := newPlan(), newCommit()
				p.Identity.TopK, c.Program = i+1, fmt.Sprint(i)
				p.Fingerprint = p.Identity.Fingerprint()
				var errs [3]error
				plans[i], errs[0] = dataset.CreatePlan(t.Context(), b, p)
				commits[i], errs[1] = dataset.CreateCommit(t.Context(), b, c)
				ours[i], errs[2] = dataset.CreateReceipt(t.Context(), b, newReceipt(0, fmt.Sprint("A", i)))
				if err := errors.Join(errs[:]...); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		receipt, err := dataset.ReadReceipt(t.Context(), b, newPlan(), 0)
		ok(t, err)
		for i := range writers {
			if plans[i].Identity.TopK != plans[0].Identity.TopK || commits[i].Program != commits[0].Program {
				t.Errorf("writer %d sees plan %d and commit %s, the first %d and %s", i, plans[i].Identity.TopK, commits[i].Program, plans[0].Identity.TopK, commits[0].Program)
			}
			if ours[i] != (receipt.Attempt == fmt.Sprint("A", i)) {
				t.Errorf("writer %d: ours %v, the receipt names %s", i, ours[i], receipt.Attempt)
			}
		}
	})
}

func TestAPlanThatContradictsItselfIsRefused(t *testing.T) {
	for name, spoil := range map[string]func(*dataset.Plan){
		"another format":      func(p *dataset.Plan) { p.Format++ },
		"another fingerprint": func(p *dataset.Plan) { p.Fingerprint += "0" },
		"another identity":    func(p *dataset.Plan) { p.Identity.TopK++ },
		"an unknown table format": func(p *dataset.Plan) {
			p.Identity.TableFormat = "csv"
			p.Fingerprint = p.Identity.Fingerprint()
		},
		"a run id of no use":     func(p *dataset.Plan) { p.RunID = "a/b" },
		"a gap":                  func(p *dataset.Plan) { p.Shards[1].First++ },
		"an overlap":             func(p *dataset.Plan) { p.Shards[1].First-- },
		"an empty shard":         func(p *dataset.Plan) { p.Shards[1].Rows, p.Shards[2].First = 0, 10 },
		"fewer rows":             func(p *dataset.Plan) { p.Rows-- },
		"more rows":              func(p *dataset.Plan) { p.Rows++ },
		"a lost shard":           func(p *dataset.Plan) { p.Shards = p.Shards[:2] },
		"a negative offset":      func(p *dataset.Plan) { p.Shards[0].Offset = -1 },
		"rows that overflow":     func(p *dataset.Plan) { p.Shards[2].Rows = math.MaxInt64 },
		"a shard of millions":    func(p *dataset.Plan) { p.Shards[2].Rows += 1 << 20; p.Rows += 1 << 20 },
		"rows around the zero":   func(p *dataset.Plan) { p.Shards[1].Rows, p.Shards[2].First = math.MaxInt64, math.MinInt64+9 },
		"rows that are not kept": func(p *dataset.Plan) { p.Manifest.Compression = "gzip" },
		"rows kept elsewhere":    func(p *dataset.Plan) { keep(p, "_runs/other/manifest/A.zst", 0, 5, 9) },
		"rows kept in a folder":  func(p *dataset.Plan) { keep(p, dataset.KeptKey(run, "../../x/A"), 0, 5, 9) },
		"rows kept in no file":   func(p *dataset.Plan) { keep(p, dataset.KeptKey(run, ""), 0, 5, 9) },
		"frames in disorder":     func(p *dataset.Plan) { keep(p, dataset.KeptKey(run, "A"), 0, 9, 5) },
		"an empty frame":         func(p *dataset.Plan) { keep(p, dataset.KeptKey(run, "A"), 0, 5, 5) },
		"a frame of no bytes":    func(p *dataset.Plan) { keep(p, dataset.KeptKey(run, "A"), 0, 5, 10) },
		"a frame before all":     func(p *dataset.Plan) { keep(p, dataset.KeptKey(run, "A"), -1, 5, 9) },
	} {
		p := newPlan()
		spoil(p)
		if err := p.Validate(); err == nil {
			t.Errorf("%s: no error", name)
		}
		b := memory(t)
		if _, err := dataset.CreatePlan(t.Context(), b, p); err == nil {
			t.Errorf("%s: was written", name)
		}
		text, err := json.Marshal(p)
		ok(t, err)
		put(t, b, dataset.PlanKey(run), string(text))
		if _, err := dataset.ReadPlan(t.Context(), b, run); err == nil {
			t.Errorf("%s: was read", name)
		}
	}
}

// keep adds rows that the run keeps, of 10 bytes in frames.
func keep(p *dataset.Plan, key string, frames ...int64) {
	p.Manifest.Compression, p.Manifest.Kept = "gzip", &dataset.KeptRows{Key: key, Bytes: 10, SHA256: "ab"}
	for i, at := range frames {
		p.Shards[i].Frame = at
	}
}

func TestAPlanTellsWhereRowsAreKept(t *testing.T) {
	p := newPlan()
	keep(p, dataset.KeptKey(run, "A"), 0, 5, 9)
	b := memory(t)
	read, err := dataset.CreatePlan(t.Context(), b, p)
	ok(t, err)
	if ends := []int64{read.FrameEnd(0), read.FrameEnd(1), read.FrameEnd(2)}; !slices.Equal(ends, []int64{5, 9, 10}) || *read.Manifest.Kept != *p.Manifest.Kept {
		t.Errorf("frames end at %v; kept %+v", ends, read.Manifest.Kept)
	}
	if end := newPlan().FrameEnd(1); end != 0 {
		t.Errorf("without kept rows a frame ends at %d", end)
	}
}

func TestAReceiptOfSomethingElseIsRefused(t *testing.T) {
	for name, spoil := range map[string]func(*dataset.Receipt){
		"another format":        func(r *dataset.Receipt) { r.Format++ },
		"another run":           func(r *dataset.Receipt) { r.RunID = "other" },
		"another shard":         func(r *dataset.Receipt) { r.Shard = 0 },
		"other rows":            func(r *dataset.Receipt) { r.First-- },
		"fewer rows":            func(r *dataset.Receipt) { r.Rows--; r.OK-- },
		"a lost row":            func(r *dataset.Receipt) { r.OK-- },
		"a lost reject":         func(r *dataset.Receipt) { r.Rejected-- },
		"negative counts":       func(r *dataset.Receipt) { r.OK, r.Rejected = 12, -2 },
		"a missing file":        func(r *dataset.Receipt) { r.Files = r.Files[:2] },
		"a file twice":          func(r *dataset.Receipt) { r.Files[1] = r.Files[0] },
		"files in other order":  func(r *dataset.Receipt) { slices.Reverse(r.Files) },
		"another format's name": func(r *dataset.Receipt) { r.Files[0].Key = strings.TrimSuffix(r.Files[0].Key, "parquet") + "arrow" },
		"another attempt":       func(r *dataset.Receipt) { r.Attempt = "A2" },
		"no attempt":            func(r *dataset.Receipt) { *r = *newReceipt(1, "") },
		"an attempt elsewhere":  func(r *dataset.Receipt) { *r = *newReceipt(1, "x/../../../other") },
		"an empty file":         func(r *dataset.Receipt) { r.Files[0].Bytes = 0 },
		"no digest":             func(r *dataset.Receipt) { r.Files[0].SHA256 = "" },
		"fewer images":          func(r *dataset.Receipt) { r.Files[0].Rows-- },
		"negative tags":         func(r *dataset.Receipt) { r.Files[1].Rows = -1 },
		"embeddings of rejects": func(r *dataset.Receipt) { r.Files[2].Rows = r.Rows },
	} {
		r := newReceipt(1, "A1")
		spoil(r)
		if err := r.Validate(newPlan(), 1); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if err := newReceipt(1, "A1").Validate(newPlan(), 1); err != nil {
		t.Error(err)
	}
}

func TestACommitOfSomethingElseIsRefused(t *testing.T) {
	for name, text := range map[string]string{
		"another run":    `{"format":1,"run_id":"other"}`,
		"another format": `{"format":2,"run_id":"` + run + `"}`,
		"a cut record":   `{"format":1,"run_id":"` + run,
		"no record":      ``,
		"another type":   `{"format":1,"run_id":"` + run + `","rows":"many"}`,
	} {
		b := memory(t)
		put(t, b, dataset.CommitKey(run), text)
		if c, err := dataset.ReadCommit(t.Context(), b, run); err == nil || !strings.Contains(err.Error(), dataset.CommitKey(run)) {
			t.Errorf("%s: %v, error %v", name, c, err)
		}
	}
}

func TestRunIDs(t *testing.T) {
	for _, id := range []string{"a", "0", "nightly-42", "20260101T000000Z-0123456789", "A.b_c-d", strings.Repeat("x", 100)} {
		if err := dataset.ValidateRunID(id); err != nil {
			t.Errorf("%q: %v", id, err)
		}
	}
	for _, id := range []string{"", ".", "..", ".hidden", "-x", "_x", "a/b", "a b", "a=b", "a\n", "ä", "a%20b", strings.Repeat("x", 101)} {
		if err := dataset.ValidateRunID(id); err == nil {
			t.Errorf("%q is accepted", id)
		}
	}
}

func TestRunsAreListedWithoutTheirFiles(t *testing.T) {
	front := storagetest.NewFront(storagetest.NewS3(t))
	b := open(t, storagetest.Serve(t, front))
	for _, id := range []string{"r2", "r1", "r10"} {
		put(t, b, dataset.PlanKey(id), "{}")
		for i := range 200 {
			put(t, b, dataset.AttemptKey(id, i, "A", dataset.Images, dataset.Parquet), "x")
		}
	}
	put(t, b, "_runs/not a run/x", "x")
	put(t, b, "images/run=r3/x", "x")
	before := front.Requests("GET", "")
	runs, err := dataset.Runs(t.Context(), b)
	if err != nil || !slices.Equal(runs, []string{"r1", "r10", "r2"}) {
		t.Errorf("runs %q, error %v", runs, err)
	}
	if n := front.Requests("GET", "") - before; n != 1 {
		t.Errorf("%d requests", n)
	}
	if runs, err := dataset.Runs(t.Context(), open(t, t.TempDir())); err != nil || len(runs) > 0 {
		t.Errorf("an empty dataset has runs %q, error %v", runs, err)
	}
}

func TestDoneCountsReceiptsOnly(t *testing.T) {
	everyStore(t, func(t *testing.T, b *storage.Bucket) {
		p := newPlan()
		for _, name := range []string{"000001.json", "1.json", "-00001.json", "000007.json", "000000.json.bak", "x.json", "0/000002.json"} {
			put(t, b, dataset.ReceiptsPrefix(run)+name, "{}")
		}
		put(t, b, dataset.ReceiptsPrefix("other")+"000002.json", "{}")
		done, err := dataset.Done(t.Context(), b, p)
		if err != nil || !slices.Equal(done, []bool{false, true, false}) {
			t.Errorf("done %v, error %v", done, err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := dataset.Done(ctx, b, p); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
	})
}

// TestFingerprintsStay pins the fingerprint of a plan as the first version wrote
// it: such a run can be gone on with.
func TestFingerprintsStay(t *testing.T) {
	const want = "sha256:700c0557f0c7e4e6289f0ab2fb6c16c433e47e7a9f30e7dd74e7de55536c965f"
	if got := newPlan().Identity.Fingerprint(); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestDifferencesNameWhatDiffers(t *testing.T) {
	p, q := newPlan(), newPlan()
	if d := p.Differences(q); len(d) > 0 {
		t.Errorf("of the same: %q", d)
	}
	a, b := &p.Identity, &q.Identity
	b.TopK, b.Carried, b.ManifestSHA256, b.TableFormat, b.AllowHTTP = 3, []string{"x"}, "cd", dataset.Arrow, []string{"*"}
	a.ModelID, b.ModelID, p.ModelURI = "sha256:0123456789abcdef", "sha256:1123456789abcdef", "s3://lake/model"
	if a.Fingerprint() == b.Fingerprint() {
		t.Error("one fingerprint for two identities")
	}
	rows := fmt.Sprintf("%d rows in %s", p.Rows, p.Manifest.URI)
	want := []string{
		"manifest content: the run has " + rows + ", sha256:ab, this command " + rows + ", sha256:cd",
		"carried columns: the run has x, y, this command x",
		"model: the run has s3://lake/model, sha256:0123456789ab, this command the program's own, sha256:1123456789ab",
		"top-k: the run has 10, this command 3", "table format: the run has parquet, this command arrow",
		"web hosts allowed: the run has none, this command *",
	}
	if d := p.Differences(q); !slices.Equal(d, want) {
		t.Errorf("%q", d)
	}
}
