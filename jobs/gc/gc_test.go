package gc_test

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/jobs/gc"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/dataset"
	"github.com/sdl-batch/sdl-batch/storage/storagetest"
)

// litter makes runs of every kind, and returns what a collection must remove.
func litter(t testing.TB, b *storage.Bucket) (wanted []string) {
	p := plan(t, b, "committed", 2)
	for shard := range 2 {
		attempt(t, b, p, shard, "WINNER", true)
		attempt(t, b, p, shard, "LOSER", false)
		wanted = append(wanted, append(filesOf(p.RunID, shard, "WINNER"), filesOf(p.RunID, shard, "LOSER")...)...)
	}
	commit(t, b, p)

	p = plan(t, b, "live", 5)
	attempt(t, b, p, 0, "ONE", true)
	attempt(t, b, p, 1, "FIRST", true)
	attempt(t, b, p, 1, "AGAIN", false)
	attempt(t, b, p, 1, "ONCEMORE", false)
	attempt(t, b, p, 2, "KILLED", false)
	attempt(t, b, p, 2, "ATWORK", false)
	attempt(t, b, p, 4, "KILLED", false)
	put(t, b, dataset.KeptKey("live", "OTHER"), "rows")
	put(t, b, dataset.ProbePrefix("live")+".sdl-probe-X", "first")
	wanted = append(wanted, filesOf("live", 1, "AGAIN")...)
	wanted = append(wanted, filesOf("live", 1, "ONCEMORE")...)
	wanted = append(wanted, dataset.KeptKey("live", "OTHER"), dataset.ProbePrefix("live")+".sdl-probe-X")

	p = plan(t, b, "abandoned", 3)
	attempt(t, b, p, 0, "ONE", true)
	attempt(t, b, p, 1, "ATWORK", false)
	for _, f := range publish(t, b, p, 1) {
		wanted = append(wanted, f.Key)
	}
	_, err := dataset.Abandon(t.Context(), b, "abandoned", "test")
	ok(t, err)
	wanted = append(wanted, filesOf("abandoned", 0, "ONE")...)
	wanted = append(wanted, filesOf("abandoned", 1, "ATWORK")...)
	wanted = append(wanted, dataset.KeptKey("abandoned", "NAMED"))

	put(t, b, dataset.KeptKey("unplanned", "A"), "rows")
	put(t, b, dataset.KeptKey("unplanned", "B"), "rows")
	wanted = append(wanted, dataset.KeptKey("unplanned", "A"), dataset.KeptKey("unplanned", "B"))

	put(t, b, dataset.PlanKey("unreadable"), "{")
	put(t, b, dataset.AttemptKey("unreadable", 0, "A", dataset.Tags, dataset.Parquet), "x")
	put(t, b, "_runs/strange/x/y", "x")
	put(t, b, dataset.KeptKey("plan-lost", "A"), "rows")
	put(t, b, dataset.ReceiptKey("plan-lost", 0), "{}")
	put(t, b, "photos/run=committed/a.jpg", "x")
	put(t, b, "images/run=unknown/part-000000.parquet", "x")
	slices.Sort(wanted)
	return wanted
}

func TestWhatIsRemovedAndWhatStays(t *testing.T) {
	everyStore(t, func(t *testing.T, uri string, b *storage.Bucket) {
		wanted := litter(t, b)
		before := keys(t, b)
		dry := collect(t, gc.Options{Dataset: uri, DryRun: true})
		if diff := cmp.Diff(before, keys(t, b)); diff != "" {
			t.Fatalf("a dry run changed something: %s", diff)
		}
		if dry.Removed.Files != int64(len(wanted)) || !dry.DryRun || dry.Runs != 7 {
			t.Errorf("dry: %+v", dry)
		}
		s := collect(t, gc.Options{Dataset: uri})
		after := append(without(before, wanted), dataset.PlanKey("unplanned")) // its place is taken
		slices.Sort(after)
		if diff := cmp.Diff(after, keys(t, b)); diff != "" {
			t.Error(diff)
		}
		if s.Removed != dry.Removed {
			t.Errorf("removed %+v, dry %+v", s.Removed, dry.Removed)
		}
		for id, state := range map[string]gc.State{"committed": gc.Committed, "live": gc.Live, "abandoned": gc.Abandoned, "unplanned": gc.Abandoned, "unreadable": gc.Unreadable, "plan-lost": gc.Unreadable} {
			if got := of(t, s, id).State; got != state {
				t.Errorf("%s is %q", id, got)
			}
		}
		if left := of(t, s, "live").Left; len(left) != 1 || left[gc.OfLiveShards].Files != 9 {
			t.Errorf("of the live run: %+v", left)
		}
		if left := of(t, s, "unreadable").Left; left[gc.NotKnown].Files != 1 {
			t.Errorf("of the unreadable run: %+v", left)
		}
		if again := collect(t, gc.Options{Dataset: uri}); again.Removed.Files > 0 {
			t.Errorf("the second time: %+v", again)
		}
	})
}

func TestOneRunAlone(t *testing.T) {
	uri := folders["memory"](t)
	b := open(t, uri)
	wanted := litter(t, b)
	before := keys(t, b)
	collect(t, gc.Options{Dataset: uri, RunID: "committed"})
	gone := slices.DeleteFunc(wanted, func(key string) bool { return !strings.HasPrefix(key, "_runs/committed/") })
	if diff := cmp.Diff(without(before, gone), keys(t, b)); diff != "" {
		t.Error(diff)
	}
}

// TestWhatIsYoungStays: a planner may be at work.
func TestWhatIsYoungStays(t *testing.T) {
	uri := folders["memory"](t)
	b := open(t, uri)
	put(t, b, dataset.KeptKey("r", "A"), "rows")
	put(t, b, dataset.ProbePrefix("r")+".sdl-probe-X", "first")
	before := keys(t, b)
	s := collect(t, gc.Options{Dataset: uri, OlderThan: time.Hour})
	if diff := cmp.Diff(before, keys(t, b)); diff != "" || of(t, s, "r").Left[gc.TooYoung].Files != 2 {
		t.Errorf("%+v: %s", s, diff)
	}
}

// TestTheOnlyCopyStays of parts that somebody deleted or cut, or a commit that was
// altered may have lost.
func TestTheOnlyCopyStays(t *testing.T) {
	part := dataset.PartKey(dataset.Tags, "r", 1, dataset.Parquet)
	for name, damage := range map[string]func(t *testing.T, b *storage.Bucket){
		"gone": func(t *testing.T, b *storage.Bucket) { ok(t, b.Delete(t.Context(), part)) },
		"cut":  func(t *testing.T, b *storage.Bucket) { put(t, b, part, "x") },
		"altered": func(t *testing.T, b *storage.Bucket) {
			text, _, err := b.ReadAll(t.Context(), dataset.CommitKey("r"), 1<<20)
			ok(t, err)
			put(t, b, dataset.CommitKey("r"), strings.Replace(string(text), `"rows": 20`, `"rows": 10`, 1))
		},
	} {
		uri := folders["memory"](t)
		b := open(t, uri)
		p := plan(t, b, "r", 2)
		attempt(t, b, p, 0, "A", true)
		attempt(t, b, p, 1, "A", true)
		commit(t, b, p)
		damage(t, b)
		before := keys(t, b)
		s := of(t, collect(t, gc.Options{Dataset: uri}), "r")
		if diff := cmp.Diff(before, keys(t, b)); diff != "" || s.State != gc.Damaged || s.Left[gc.OnlyCopy].Files != 6 || s.Why == "" {
			t.Errorf("%s: %+v: %s", name, s, diff)
		}
	}
}

func TestAbandon(t *testing.T) {
	uri := folders["memory"](t)
	b := open(t, uri)
	litter(t, b)
	before := keys(t, b)
	o := gc.Options{Dataset: uri, Abandon: true}
	refuse := func(id string, kind error) {
		t.Helper()
		o.RunID = id
		for _, o.DryRun = range []bool{true, false} {
			if _, err := gc.Run(t.Context(), o, nil); !errors.Is(err, kind) || !errors.Is(err, jobs.ErrConfig) {
				t.Errorf("%s: %v", id, err)
			}
		}
	}
	refuse("committed", gc.ErrCommitted)
	refuse("nowhere", storage.ErrNotExist)
	refuse("", jobs.ErrConfig)
	refuse("a/b", jobs.ErrConfig)
	o.RunID, o.DryRun = "live", true
	dry := collect(t, o)
	if diff := cmp.Diff(before, keys(t, b)); diff != "" {
		t.Fatal(diff)
	}
	o.DryRun = false
	s := collect(t, o)
	if s.Removed != dry.Removed || of(t, s, "live").State != gc.Abandoned {
		t.Errorf("%+v, dry %+v", s, dry)
	}
	left := slices.DeleteFunc(keys(t, b), func(key string) bool { return !strings.HasPrefix(key, "_runs/live/") })
	want := []string{dataset.CommitKey("live"), dataset.PlanKey("live"), dataset.ReceiptKey("live", 0), dataset.ReceiptKey("live", 1), dataset.VocabKey("live")}
	slices.Sort(want)
	if diff := cmp.Diff(want, left); diff != "" {
		t.Error(diff)
	}
	if _, err := dataset.ReadCommit(t.Context(), b, "live"); !errors.Is(err, dataset.ErrAbandoned) {
		t.Error(err)
	}
	for _, id := range []string{"live", "unplanned", "unreadable"} {
		o.RunID = id
		if s := collect(t, o); id == "live" && s.Removed.Files > 0 {
			t.Errorf("the second time: %+v", s)
		}
		left := slices.DeleteFunc(keys(t, b), func(key string) bool { return !strings.HasPrefix(key, dataset.AttemptsPrefix(id)) })
		if len(left) > 0 {
			t.Errorf("left are %q", left)
		}
	}
}

func TestADatasetWithoutRuns(t *testing.T) {
	everyStore(t, func(t *testing.T, uri string, _ *storage.Bucket) {
		if _, err := gc.Run(t.Context(), gc.Options{Dataset: uri}, nil); !errors.Is(err, jobs.ErrConfig) || !errors.Is(err, storage.ErrNotExist) {
			t.Error(err)
		}
	})
}

// TestUnfinishedWrites of killed processes, in every place where runs write.
func TestUnfinishedWrites(t *testing.T) {
	for _, name := range []string{"files", "versity", "s3"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			uri := folders[name](t)
			b := open(t, uri)
			litter(t, b)
			part := dataset.PartKey(dataset.Images, "committed", 9, dataset.Parquet)
			remove := []string{
				filesOf("committed", 0, "X")[0], part, filesOf("live", 1, "X")[0], dataset.KeptKey("nothing-else", "X"),
				filesOf("abandoned", 1, "X")[0], dataset.KeptKey("unplanned", "X"), dataset.KeptKey("live", "X"),
			}
			keep := []string{filesOf("live", 2, "X")[0], "photos/x", filesOf("unreadable", 0, "X")[0], "_runs/x", filesOf("alone", 0, "X")[0]}
			size := 100
			if name != "files" { // a first part must be sent
				remove, keep, size = remove[:4], keep[:2], 17<<20
			}
			for _, key := range append(slices.Clone(remove), keep...) {
				w, err := b.NewWriter(t.Context(), key)
				ok(t, err)
				_, err = w.Write(make([]byte, size))
				ok(t, err)
				defer w.Abort()
			}
			await(t, b, len(remove)+len(keep))
			if s := collect(t, gc.Options{Dataset: uri, OlderThan: time.Hour}); s.Unfinished > 0 || of(t, s, "committed").Left[gc.TooYoung].Files != 2 {
				t.Errorf("while they are young: %+v", s)
			}
			dry := collect(t, gc.Options{Dataset: uri, DryRun: true})
			s := collect(t, gc.Options{Dataset: uri})
			left := unfinished(t, b)
			if len(left) != len(keep) || dry.Unfinished != int64(len(remove)) || s.Unfinished != int64(len(remove)) {
				t.Errorf("left are %q; dry %+v; %+v", left, dry, s)
			}
			for _, key := range keep {
				folder := key[:strings.LastIndexByte(key, '/')+1]
				if !slices.ContainsFunc(left, func(found string) bool { return strings.HasPrefix(found, folder) }) {
					t.Errorf("%s is gone", key)
				}
			}
		})
	}
}

func unfinished(t *testing.T, b *storage.Bucket) (keys []string) {
	t.Helper()
	for u, err := range b.Unfinished(t.Context(), "") {
		ok(t, err)
		keys = append(keys, u.Key)
	}
	return keys
}

// await waits until a store knows of so many unfinished writes.
func await(t *testing.T, b *storage.Bucket, n int) {
	t.Helper()
	for range 1000 {
		if len(unfinished(t, b)) == n {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("%d unfinished writes after 10 s, want %d", len(unfinished(t, b)), n)
}

// TestUploadsThatMayNotBeListed leave a word, and the rest is done.
func TestUploadsThatMayNotBeListed(t *testing.T) {
	front := storagetest.NewFront(storagetest.NewS3(t))
	uri := storagetest.Serve(t, front)
	b := open(t, uri)
	wanted := litter(t, b)
	front.Always("GET", "uploads", storagetest.Status(403, "AccessDenied"))
	s := collect(t, gc.Options{Dataset: uri})
	if len(s.Warnings) != 1 || !strings.Contains(s.Warnings[0], "permission denied") || s.Removed.Files != int64(len(wanted)) {
		t.Errorf("%+v", s)
	}
}

// TestFoldersThatBecameEmpty go with the runs that are over.
func TestFoldersThatBecameEmpty(t *testing.T) {
	uri := folders["files"](t)
	b := open(t, uri)
	litter(t, b)
	for _, folder := range []string{"_runs/empty/manifest", "_runs/committed/probe"} {
		ok(t, os.MkdirAll(filepath.Join(uri, folder), 0o777))
	}
	collect(t, gc.Options{Dataset: uri, OlderThan: time.Hour})
	want := map[string]bool{
		"_runs/committed/attempts": false, "_runs/committed/probe": false, "_runs/abandoned/attempts": false, "images/run=abandoned": false,
		"images/run=committed": true, "_runs/live/attempts/000001.AGAIN": true, "_runs/empty/manifest": true, "_runs/committed/receipts": true,
	}
	there := func(folder string) bool { _, err := os.Stat(filepath.Join(uri, folder)); return err == nil }
	for _, folder := range slices.Sorted(maps.Keys(want)) {
		if there(folder) != want[folder] {
			t.Errorf("%s is there: %v", folder, there(folder))
		}
	}
	time.Sleep(2 * time.Millisecond) // so that all is older than nothing
	collect(t, gc.Options{Dataset: uri})
	if there("_runs/empty/manifest") {
		t.Error("an old empty folder stays")
	}
}
