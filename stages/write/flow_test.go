package write_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sdl-batch/sdl-batch/pipeline"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/dataset"
	"github.com/sdl-batch/sdl-batch/storage/storagetest"
)

// interleaved are batches of two shards and a third, in no order of rows.
func interleaved(p *dataset.Plan) []*pipeline.Batch {
	a, b, c := shardOf(p, 0), shardOf(p, 1), shardOf(p, 2)
	return []*pipeline.Batch{
		batchOf(a, 4, 1, 0), batchOf(b, 10, 11), batchOf(a, 7, 3), batchOf(b, 9), batchOf(a, 2, 5, 6, 8), batchOf(b, 12), batchOf(c, 13),
	}
}

func TestShardsBecomeFilesAndReceipts(t *testing.T) {
	for _, format := range []string{"", dataset.Arrow} {
		t.Run("format="+format, func(t *testing.T) { shardsBecomeFilesAndReceipts(t, format) })
	}
}

func shardsBecomeFilesAndReceipts(t *testing.T, format string) {
	everyStore(t, func(t *testing.T, bucket *storage.Bucket) {
		plan := newPlan(9, 4, 1)
		plan.Identity.TableFormat = format
		j := newJob(bucket, plan, interleaved(plan)...)
		released := 0
		for _, b := range j.batches {
			b.OnRelease(func() { released++ })
		}
		check(t, j.run(t.Context()))
		if len(j.receipts) != 3 || j.ok != 11 || j.rejected != 3 || released != len(j.batches) {
			t.Errorf("%d receipts, %d ok, %d rejected, %d batches released", len(j.receipts), j.ok, j.rejected, released)
		}
		for shard := range plan.Shards {
			checkShard(t, bucket, plan, shard)
		}
		if diff := cmp.Diff(filesOf(j.receipts), keys(t, bucket)); diff != "" {
			t.Error(diff)
		}
		for _, f := range j.receipts[0].Files {
			if got := table(t, bucket, f).Format; string(got) != plan.Identity.Files() {
				t.Errorf("%s is in %s", f.Key, got)
			}
		}
		if len(j.sink.Gate) != 0 {
			t.Errorf("%d places of the gate are taken", len(j.sink.Gate))
		}
	})
}

func TestAShardOfRejects(t *testing.T) {
	everyStore(t, func(t *testing.T, bucket *storage.Bucket) {
		plan := newPlan(4)
		plan.Shards[0] = dataset.Shard{First: 3, Rows: 1}
		j := newJob(bucket, plan, batchOf(shardOf(plan, 0), 3))
		check(t, j.run(t.Context()))
		checkShard(t, bucket, plan, 0)
	})
}

// TestTheSecondOfTwoAttemptsYields runs two sinks on one plan, then both at
// once on others.
func TestTheSecondOfTwoAttemptsYields(t *testing.T) {
	everyStore(t, func(t *testing.T, bucket *storage.Bucket) {
		plan := newPlan(9, 4, 1)
		first, second := newJob(bucket, plan, interleaved(plan)...), newJob(bucket, plan, interleaved(plan)...)
		check(t, first.run(t.Context()))
		before := keys(t, bucket)
		check(t, second.run(t.Context()))
		if diff := cmp.Diff(before, keys(t, bucket)); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(first.receipts, second.receipts, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("the second tells of other receipts: %s", diff)
		}
		if len(second.sink.Gate) != 0 {
			t.Errorf("%d places of the gate are taken", len(second.sink.Gate))
		}
	})
}

// TestAnAttemptThatMayNotBeRemoved is of a process whose rights end with writing.
func TestAnAttemptThatMayNotBeRemoved(t *testing.T) {
	bucket, plan := memory(t), newPlan(9, 4, 1)
	first, second := newJob(bucket, plan, interleaved(plan)...), newJob(bucket, plan, interleaved(plan)...)
	check(t, first.run(t.Context()))
	check(t, second.run(storage.WithSteps(t.Context(), func(s storage.Step) error {
		if s.Op == "remove" {
			return storage.ErrPermission
		}
		return nil
	})))
	if diff := cmp.Diff(first.receipts, second.receipts, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("the second tells of other receipts: %s", diff)
	}
}

func TestAttemptsAtOnce(t *testing.T) {
	everyStore(t, func(t *testing.T, bucket *storage.Bucket) {
		plan := newPlan(9, 4, 1)
		ended := make(chan error, 3)
		jobs := []*job{}
		for range cap(ended) {
			j := newJob(bucket, plan, interleaved(plan)...)
			jobs = append(jobs, j)
			go func() { ended <- j.run(t.Context()) }()
		}
		for range jobs {
			check(t, <-ended)
		}
		for shard := range plan.Shards {
			checkShard(t, bucket, plan, shard)
		}
		for _, j := range jobs {
			if diff := cmp.Diff(filesOf(j.receipts), keys(t, bucket)); diff != "" {
				t.Error(diff)
			}
		}
	})
}

func TestMistakesUpstreamAreErrors(t *testing.T) {
	plan := newPlan(3, 2)
	a, b := shardOf(plan, 0), shardOf(plan, 1)
	for name, c := range map[string]struct {
		batches []*pipeline.Batch
		want    string
	}{
		"a shard ends early":            {[]*pipeline.Batch{batchOf(a, 0, 1)}, "shard 0 ended after 2 of 3 rows"},
		"a shard has a row too many":    {[]*pipeline.Batch{batchOf(a, 0, 1), batchOf(a, 2, 3)}, "shard 0: row 3 is not among its 3 rows from 0"},
		"a row comes twice":             {[]*pipeline.Batch{batchOf(a, 0, 1), batchOf(a, 1)}, "shard 0: row 1 came twice"},
		"a rejected row comes twice":    {[]*pipeline.Batch{batchOf(b, 3), batchOf(b, 3)}, "shard 1: row 3 came twice"},
		"a row of another shard":        {[]*pipeline.Batch{batchOf(b, 3), batchOf(b, 2)}, "shard 1: row 2 is not among its 2 rows from 3"},
		"a shard goes on":               {[]*pipeline.Batch{batchOf(a, 0, 1, 2), batchOf(a, 2)}, "shard 0 goes on after its 3 rows"},
		"a shard comes twice":           {[]*pipeline.Batch{batchOf(b, 3, 4), batchOf(b, 3, 4)}, "shard 1 goes on after its 2 rows"},
		"one of two shards ends early":  {[]*pipeline.Batch{batchOf(a, 0, 1), batchOf(b, 3, 4)}, "shard 0 ended after 2 of 3 rows"},
		"both of two shards end early ": {[]*pipeline.Batch{batchOf(a, 0, 1), batchOf(b, 3)}, " ended after "},
	} {
		t.Run(name, func(t *testing.T) {
			bucket := memory(t)
			j := newJob(bucket, plan, c.batches...)
			if err := j.run(t.Context()); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %s", err, c.want)
			}
			if diff := cmp.Diff(filesOf(receiptsIn(t, bucket, plan)), keys(t, bucket)); diff != "" {
				t.Errorf("files without a receipt: %s", diff)
			}
		})
	}
}

// receiptsIn reads the receipts that are there.
func receiptsIn(t *testing.T, b *storage.Bucket, plan *dataset.Plan) map[int]*dataset.Receipt {
	t.Helper()
	out := map[int]*dataset.Receipt{}
	done, err := dataset.Done(t.Context(), b, plan)
	check(t, err)
	for shard, isDone := range done {
		if isDone {
			out[shard], err = dataset.ReadReceipt(t.Context(), b, plan, shard)
			check(t, err)
		}
	}
	return out
}

func TestUpstreamFailureLeavesNothing(t *testing.T) {
	everyStore(t, func(t *testing.T, bucket *storage.Bucket) {
		broken := errors.New("broken")
		plan := newPlan(9, 4, 1)
		j := newJob(bucket, plan, interleaved(plan)[:4]...)
		j.err = broken
		if err := j.run(t.Context()); !errors.Is(err, broken) {
			t.Errorf("error %v", err)
		}
		if found := keys(t, bucket); len(found) > 0 {
			t.Errorf("left behind: %q", found)
		}
	})
}

// TestCancellationLeavesWholeShardsOnly cancels after each batch in turn, with
// one shard or two open, or while one is being finished. An attempt without a
// receipt stays only where the receipt itself was cut off: whether it was
// written cannot be known then, and the attempt is whole.
func TestCancellationLeavesWholeShardsOnly(t *testing.T) {
	everyStore(t, func(t *testing.T, bucket *storage.Bucket) {
		plan := newPlan(9, 4, 1)
		for last := range interleaved(plan) {
			stop := errors.New("stop")
			ctx, cancel := context.WithCancelCause(t.Context())
			j := newJob(bucket, plan, interleaved(plan)...)
			j.after = func(i int) {
				if i == last {
					cancel(stop)
				}
			}
			// Storage reports its context's end, not the cause.
			if err := j.run(ctx); !errors.Is(err, stop) && !errors.Is(err, context.Canceled) {
				t.Errorf("after batch %d: error %v", last, err)
			}
			checkWhole(t, filesOf(receiptsIn(t, bucket, plan)), keys(t, bucket))
			cancel(nil)
		}
	})
}

// checkWhole fails unless found holds all that receipts prove, and else nothing
// but whole attempts.
func checkWhole(t *testing.T, proven, found []string) {
	t.Helper()
	others := map[string]int{} // files by attempt
	for _, key := range found {
		if !slices.Contains(proven, key) {
			others[path.Dir(key)]++
		}
	}
	for attempt, files := range others {
		if files != len(dataset.ShardTables) {
			t.Errorf("%d files of %s", files, attempt)
		}
	}
	for _, key := range proven {
		if !slices.Contains(found, key) {
			t.Errorf("%s is missing", key)
		}
	}
}

// TestAStoreThatFails has each kind of write fail in turn. The shard is alone: of
// another one, an upload that was given up could still land, as below.
func TestAStoreThatFails(t *testing.T) {
	denied := storagetest.Status(403, "AccessDenied")
	down := storagetest.Status(503, "SlowDown")
	for name, c := range map[string]struct {
		part  string
		fault storagetest.Fault
		want  error
	}{
		"images denied":   {"/images.parquet", denied, storage.ErrPermission},
		"embeddings down": {"/embeddings.parquet", down, storage.ErrTransient},
		"tags denied":     {"/tags.parquet", denied, storage.ErrPermission},
		"receipt denied":  {"/receipts/", denied, storage.ErrPermission},
		"receipt down":    {"/receipts/", down, storage.ErrTransient},
	} {
		t.Run(name, func(t *testing.T) {
			front := storagetest.NewFront(storagetest.NewS3(t))
			bucket := open(t, storagetest.Serve(t, front))
			plan := newPlan(3)
			j := newJob(bucket, plan, batchOf(shardOf(plan, 0), 0, 1, 2))
			front.Always("PUT", c.part, c.fault)
			if err := j.run(t.Context()); !errors.Is(err, c.want) {
				t.Errorf("error %v, want %v", err, c.want)
			}
			if len(j.receipts) > 0 || len(j.sink.Gate) == 0 {
				t.Errorf("%d receipts, %d places of the gate taken", len(j.receipts), len(j.sink.Gate))
			}
			found := slices.DeleteFunc(keys(t, bucket), func(key string) bool {
				// The outcome of writing a receipt is unknown: its files stay.
				return strings.HasPrefix(c.part, "/receipts") && strings.Contains(key, "/attempts/")
			})
			if len(found) > 0 {
				t.Errorf("left behind: %q", found)
			}
		})
	}
}

// TestAnUploadThatLandsLate has one shard fail while another one's file is on its
// way, and the store keep that file after it was given up and deleted: it stays, in
// an attempt without a receipt, and a run that goes on does not mind.
func TestAnUploadThatLandsLate(t *testing.T) {
	front := storagetest.NewFront(storagetest.NewS3(t))
	bucket := open(t, storagetest.Serve(t, front))
	plan := newPlan(3, 2)
	arrived, landed := make(chan struct{}), make(chan struct{})
	front.Once("PUT", "/000001.", func(_ http.ResponseWriter, r *http.Request, next http.Handler) {
		defer close(landed)
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		close(arrived)
		for deadline := time.Now().Add(10 * time.Second); front.Requests("DELETE", r.URL.Path) == 0; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Error("the shard that was given up is not withdrawn")
				break
			}
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(httptest.NewRecorder(), r)
	})
	front.Once("PUT", "/000000.", func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		<-arrived
		storagetest.Status(403, "AccessDenied")(w, r, next)
	})
	again := func() *job {
		return newJob(bucket, plan, batchOf(shardOf(plan, 0), 0, 1, 2), batchOf(shardOf(plan, 1), 3, 4))
	}
	if err := again().run(t.Context()); !errors.Is(err, storage.ErrPermission) {
		t.Errorf("error %v", err)
	}
	<-landed
	late := keys(t, bucket)
	if len(late) != 1 || !strings.Contains(late[0], "/attempts/") {
		t.Errorf("left behind: %q", late)
	}
	j := again()
	check(t, j.run(t.Context()))
	for shard := range plan.Shards {
		checkShard(t, bucket, plan, shard)
	}
	if diff := cmp.Diff(slices.Sorted(slices.Values(append(filesOf(j.receipts), late...))), keys(t, bucket)); diff != "" {
		t.Error(diff)
	}
}

// TestAReceiptWhoseAnswerIsLost is stored, and told of as an error.
func TestAReceiptWhoseAnswerIsLost(t *testing.T) {
	front := storagetest.NewFront(storagetest.NewS3(t))
	bucket := open(t, storagetest.Serve(t, front))
	plan := newPlan(3)
	j := newJob(bucket, plan, batchOf(shardOf(plan, 0), 0, 1, 2))
	front.Once("PUT", "/receipts/", storagetest.DropReply)
	check(t, j.run(t.Context()))
	checkShard(t, bucket, plan, 0)
	if diff := cmp.Diff(filesOf(j.receipts), keys(t, bucket)); diff != "" {
		t.Error(diff)
	}
}

// TestAShardIsFinishedBehindTheNext has the first shard's upload take until the
// second one's rows are in.
func TestAShardIsFinishedBehindTheNext(t *testing.T) {
	front := storagetest.NewFront(storagetest.NewS3(t))
	bucket := open(t, storagetest.Serve(t, front))
	plan := newPlan(3, 2)
	j := newJob(bucket, plan, batchOf(shardOf(plan, 0), 0, 1, 2), batchOf(shardOf(plan, 1), 3), batchOf(shardOf(plan, 1), 4))
	came := make(chan struct{})
	j.after = func(i int) {
		if i == 2 {
			close(came)
		}
	}
	front.Once("PUT", "/000000.", func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		select {
		case <-came:
		case <-time.After(10 * time.Second):
			t.Error("the second shard waits for the first one")
		}
		next.ServeHTTP(w, r)
	})
	check(t, j.run(t.Context()))
	for shard := range plan.Shards {
		checkShard(t, bucket, plan, shard)
	}
}
