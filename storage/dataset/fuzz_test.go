package dataset_test

import (
	"encoding/json"
	"testing"

	"github.com/sdl-batch/sdl-batch/storage/dataset"
)

func text(t testing.TB, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	ok(t, err)
	return data
}

// FuzzPlan reads any bytes as a plan. One that is accepted cuts its rows into
// shards without gap or overlap, and stays what it is when written again.
func FuzzPlan(f *testing.F) {
	f.Add(text(f, newPlan()))
	kept := newPlan()
	keep(kept, dataset.KeptKey(run, "A"), 0, 5, 9)
	f.Add(text(f, kept))
	f.Add([]byte(`{"format":1,"run_id":"` + run + `","shards":[{"rows":-1}]}`))
	f.Add([]byte(`{"rows":9223372036854775807,"shards":[{"rows":9223372036854775807},{"first":9223372036854775807,"rows":1}]}`))
	f.Add([]byte(`[]`))
	b := memory(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		put(t, b, dataset.PlanKey(run), string(data))
		p, err := dataset.ReadPlan(t.Context(), b, run)
		if err != nil {
			return
		}
		var rows int64
		for i, s := range p.Shards {
			if s.First != rows || s.Rows < 1 || s.First+s.Rows > p.Rows {
				t.Fatalf("shard %d: %d rows from %d of %d", i, s.Rows, s.First, p.Rows)
			}
			rows += s.Rows
		}
		if rows != p.Rows || p.RunID != run {
			t.Fatalf("%d rows in shards of %d, run %q", rows, p.Rows, p.RunID)
		}
		ok(t, b.Delete(t.Context(), dataset.PlanKey(run)))
		if _, err := dataset.CreatePlan(t.Context(), b, p); err != nil {
			t.Fatal(err)
		}
	})
}

// FuzzReceipt reads any bytes as the receipt of a shard. One that is accepted
// accounts for every row and names files of its own attempt.
func FuzzReceipt(f *testing.F) {
	f.Add(text(f, newReceipt(1, "A1")))
	f.Add([]byte(`{"format":1,"run_id":"` + run + `","shard":1,"ok":9223372036854775807,"rejected":9223372036854775807}`))
	f.Add([]byte(`{"files":[{},{},{}]}`))
	b := memory(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		put(t, b, dataset.ReceiptKey(run, 1), string(data))
		r, err := dataset.ReadReceipt(t.Context(), b, newPlan(), 1)
		if err != nil {
			return
		}
		if r.OK < 0 || r.Rejected < 0 || r.OK+r.Rejected != newPlan().Shards[1].Rows {
			t.Fatalf("%d ok, %d rejected", r.OK, r.Rejected)
		}
		for i, table := range dataset.ShardTables {
			if r.Files[i].Key != dataset.AttemptKey(run, 1, r.Attempt, table, dataset.Parquet) {
				t.Fatalf("file %q", r.Files[i].Key)
			}
		}
	})
}

// FuzzCommit reads any bytes as a commit, and writes what was accepted again.
func FuzzCommit(f *testing.F) {
	f.Add(text(f, newCommit()))
	f.Add([]byte(`{"format":1,"run_id":"` + run + `","files":null,"codes":{"":-1}}`))
	f.Add([]byte(`null`))
	b := memory(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		put(t, b, dataset.CommitKey(run), string(data))
		c, err := dataset.ReadCommit(t.Context(), b, run)
		if err != nil {
			return
		}
		ok(t, b.Delete(t.Context(), dataset.CommitKey(run)))
		again, err := dataset.CreateCommit(t.Context(), b, c)
		if err != nil || again.RunID != run {
			t.Fatalf("%+v, error %v", again, err)
		}
	})
}
