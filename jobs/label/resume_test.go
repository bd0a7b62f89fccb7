package label_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/jobs/label"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/dataset"
	"github.com/sdl-batch/sdl-batch/storage/storagetest"
)

// attempts are the attempts that the receipts of a run name, by shard.
func (l *lake) attempts(t *testing.T, run string) map[int]string {
	t.Helper()
	plan, err := dataset.ReadPlan(t.Context(), l.out, run)
	ok(t, err)
	done, err := dataset.Done(t.Context(), l.out, plan)
	ok(t, err)
	out := map[int]string{}
	for shard := range done {
		if done[shard] {
			r, err := dataset.ReadReceipt(t.Context(), l.out, plan, shard)
			ok(t, err)
			out[shard] = r.Attempt
		}
	}
	return out
}

func TestAnInterruptedRunGoesOn(t *testing.T) {
	everyStore(t, func(t *testing.T, l *lake) {
		plainRun := l.options
		plainRun.RunID = "undisturbed"
		l.mustRun(t, plainRun)
		o := l.options
		_, early := l.interrupt(t, o, 2)
		first := l.attempts(t, "r1")
		if len(early) < 2 || len(early) == 5 || len(first) < len(early) {
			t.Fatalf("shards %v done, receipts %v", early, first)
		}
		if found := keys(t, l.out, dataset.TablePrefix(dataset.Images, "r1")); len(found) > 0 {
			t.Errorf("published before the commit: %q", found)
		}
		// Another batch size, number of threads and shard size.
		o.BatchSize, o.Threads, o.ShardRows, o.Decoders = 3, 2, 11, 1
		s, e := l.mustRun(t, o)
		planned := of[label.Planned](e)[0]
		if !planned.Resumed || planned.DoneShards != len(first) || planned.Shards != 5 || s.ResumedRows != planned.DoneRows || planned.DoneRows == 0 {
			t.Errorf("planned %+v, summary %+v; receipts were %v", planned, s, first)
		}
		last := l.attempts(t, "r1")
		for shard, attempt := range first {
			if last[shard] != attempt || slices.Contains(doneShards(e), shard) {
				t.Errorf("shard %d was labelled again", shard)
			}
		}
		same(t, l.read(t, "undisturbed"), l.read(t, "r1"))
	})
}

func TestTwoRunsAtOnceMakeOneCommit(t *testing.T) {
	everyStore(t, func(t *testing.T, l *lake) {
		type end struct {
			s   label.Summary
			err error
		}
		ends := make(chan end, 3)
		for range cap(ends) {
			go func() {
				s, _, err := l.run(t.Context(), l.options, nil)
				ends <- end{s, err}
			}()
		}
		for range cap(ends) {
			if e := <-ends; e.err != nil || e.s.RunID != "r1" || e.s.Rows != 20 {
				t.Errorf("summary %+v, error %v", e.s, e.err)
			}
		}
		l.read(t, "r1")
		// Those that came second took their files away.
		want := []string{}
		for shard, attempt := range l.attempts(t, "r1") {
			for _, table := range dataset.ShardTables {
				want = append(want, dataset.AttemptKey("r1", shard, attempt, table, dataset.Parquet))
			}
		}
		slices.Sort(want)
		if found := keys(t, l.out, dataset.AttemptsPrefix("r1")); !slices.Equal(found, want) {
			t.Errorf("attempts %q, want %q", found, want)
		}
	})
}

func TestWithoutAnIDTheNewestRunAlikeGoesOn(t *testing.T) {
	l := local(t)
	o := l.options
	for _, id := range []string{"c", "a", "other-top-k", "b-abandoned"} {
		o := o
		if o.RunID = id; id == "other-top-k" {
			o.TopK++
		}
		l.interrupt(t, o, 1)
		time.Sleep(2 * time.Millisecond) // plans differ in age
	}
	abandoned, err := dataset.Abandon(t.Context(), l.out, "b-abandoned", "test")
	if !abandoned || err != nil {
		t.Fatalf("abandoned %v, error %v", abandoned, err)
	}
	put(t, l.out, dataset.PlanKey("broken"), []byte("{"))
	put(t, l.out, "_runs/without-plan/x", nil)
	o.RunID = ""
	for i, want := range []string{"a", "c"} {
		s, e := l.mustRun(t, o)
		if s.RunID != want || !of[label.Planned](e)[0].Resumed {
			t.Fatalf("run %d is %s, want %s", i, s.RunID, want)
		}
		l.read(t, want)
	}
	s, e := l.mustRun(t, o)
	if of[label.Planned](e)[0].Resumed || dataset.ValidateRunID(s.RunID) != nil || slices.Contains([]string{"a", "c"}, s.RunID) {
		t.Errorf("run %s, planned %+v", s.RunID, of[label.Planned](e))
	}
	l.read(t, s.RunID)
	o.RunID = "b-abandoned"
	if _, _, err := l.run(t.Context(), o, nil); !errors.Is(err, jobs.ErrConfig) {
		t.Errorf("an abandoned run: error %v", err)
	}
	if found := keys(t, l.out, dataset.TablePrefix(dataset.Images, "b-abandoned")); len(found) > 0 {
		t.Errorf("an abandoned run was published: %q", found)
	}
}

func TestARunIsResumedAsItWasPlanned(t *testing.T) {
	for name, c := range map[string]struct {
		change func(t *testing.T, l *lake, o *label.Options)
		want   string
	}{
		"another manifest": {func(t *testing.T, l *lake, _ *label.Options) {
			put(t, l.in, "images.txt", []byte(strings.Join(l.names[1:], "\n")))
		}, "manifest content: "},
		"another folder": {func(t *testing.T, l *lake, o *label.Options) {
			put(t, l.in, "sub/images.txt", []byte(strings.Join(l.names, "\n")+"\n"))
			o.Manifest = filepath.Join(l.in.URI(), "sub/images.txt")
		}, "folder of relative names: "},
		"another top-k": {func(_ *testing.T, _ *lake, o *label.Options) { o.TopK = 3 }, "top-k: the run has 5, this command 3"},
	} {
		t.Run(name, func(t *testing.T) {
			l := local(t)
			l.interrupt(t, l.options, 1)
			before := keys(t, l.out, "")
			o := l.options
			c.change(t, l, &o)
			_, e, err := l.run(t.Context(), o, nil)
			if !errors.Is(err, jobs.ErrConfig) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %s", err, c.want)
			}
			if after := keys(t, l.out, ""); len(e.all) > 0 || !slices.Equal(before, after) {
				t.Errorf("events %v; files %q, before %q", e.all, after, before)
			}
		})
	}
}

func TestAManifestThatWasTouchedIsTheSame(t *testing.T) {
	l := local(t)
	l.interrupt(t, l.options, 2)
	ok(t, os.Chtimes(l.options.Manifest, time.Now(), time.Now().Add(-time.Hour)))
	l.mustRun(t, l.options)
	l.read(t, "r1")
}

// TestARunGoesOnFromAnotherFolder names the same files in three ways.
func TestARunGoesOnFromAnotherFolder(t *testing.T) {
	l := local(t)
	o := l.options
	t.Chdir(l.in.URI())
	o.RunID, o.Manifest = "", "images.txt"
	id, _ := l.interrupt(t, o, 1)
	t.Chdir(filepath.Dir(l.in.URI()))
	o.Manifest = "./" + filepath.Base(l.in.URI()) + "/images.txt"
	if again, _ := l.interrupt(t, o, 1); again != id {
		t.Errorf("run %s, want %s", again, id)
	}
	t.Chdir(t.TempDir())
	o.Manifest = "file://" + l.in.URI() + "/images.txt"
	s, _ := l.mustRun(t, o)
	if s.RunID != id {
		t.Errorf("run %s, want %s", s.RunID, id)
	}
	l.read(t, id)
	plan, err := dataset.ReadPlan(t.Context(), l.out, id)
	ok(t, err)
	if plan.Manifest.URI != filepath.Join(l.in.URI(), "images.txt") || plan.Identity.ManifestBase != l.in.URI() {
		t.Errorf("the plan names %s in %s", plan.Manifest.URI, plan.Identity.ManifestBase)
	}
}

// TestAFolderWhoseNameIsNoUTF8 is what old disks have. Names that differ stay apart.
func TestAFolderWhoseNameIsNoUTF8(t *testing.T) {
	in := filepath.Join(t.TempDir(), "caf\xe9")
	l := newLake(t, in, filepath.Join(t.TempDir(), "out"))
	l.interrupt(t, l.options, 1)
	l.mustRun(t, l.options)
	l.read(t, "r1")
	plan, err := dataset.ReadPlan(t.Context(), l.out, "r1")
	ok(t, err)
	if base := plan.Identity.ManifestBase; !strings.HasSuffix(base, `/caf\xe9`) {
		t.Errorf("the plan names folder %q", base)
	}
}

// TestAManifestThatChangesUnderway is noticed when its next shard is read.
func TestAManifestThatChangesUnderway(t *testing.T) {
	l := local(t)
	o := l.options
	o.ShardRows = 1
	changed := false
	_, _, err := l.run(t.Context(), o, func(e label.Event) {
		if _, isDone := e.(label.ShardDone); isDone && !changed {
			changed = true
			slices.Reverse(l.names)
			put(t, l.in, "images.txt", []byte(strings.Join(l.names, "\n")+"\n"))
		}
	})
	if !errors.Is(err, jobs.ErrConfig) || !errors.Is(err, storage.ErrChanged) {
		t.Errorf("error %v", err)
	}
	if found := published(t, l.out); len(found) > 0 {
		t.Errorf("published: %q", found)
	}
}

func TestTheRejectBudget(t *testing.T) {
	everyStore(t, func(t *testing.T, l *lake) {
		o := l.options
		for _, rate := range []float64{0, 0.149} {
			o.MaxRejectRate = rate
			_, _, err := l.run(t.Context(), o, nil)
			if !errors.Is(err, jobs.ErrRejectBudget) || !strings.Contains(err.Error(), "3 of 20 rows") ||
				!strings.Contains(err.Error(), "decode/truncated 1, decode/unknown_format 1, fetch/not_found 1") {
				t.Errorf("rate %v: error %v", rate, err)
			}
			if found := published(t, l.out); len(found) > 0 {
				t.Errorf("rate %v: published %q", rate, found)
			}
		}
		o.MaxRejectRate = 0.15
		s, e := l.mustRun(t, o)
		if len(of[label.Loaded](e)) > 0 || len(doneShards(e)) > 0 || s.ResumedRows != 20 {
			t.Errorf("labelled again: %+v", e.all)
		}
		l.read(t, "r1")
	})
}

// TestNothingIsPublishedBeforeEveryShardIsChecked damages one attempt of a run
// that has all its receipts.
func TestNothingIsPublishedBeforeEveryShardIsChecked(t *testing.T) {
	for name, damage := range map[string]func(t *testing.T, l *lake, key string){
		"gone":      func(t *testing.T, l *lake, key string) { ok(t, l.out.Delete(t.Context(), key)) },
		"truncated": func(t *testing.T, l *lake, key string) { put(t, l.out, key, []byte("PAR1")) },
	} {
		t.Run(name, func(t *testing.T) {
			l := local(t)
			o := l.options
			o.MaxRejectRate = 0
			_, _, err := l.run(t.Context(), o, nil)
			if !errors.Is(err, jobs.ErrRejectBudget) {
				t.Fatal(err)
			}
			key := dataset.AttemptKey("r1", 4, l.attempts(t, "r1")[4], dataset.Tags, dataset.Parquet)
			damage(t, l, key)
			o.MaxRejectRate = 1
			_, _, err = l.run(t.Context(), o, nil)
			if !errors.Is(err, jobs.ErrDamaged) || !strings.Contains(err.Error(), "000004") {
				t.Errorf("error %v", err)
			}
			if found := published(t, l.out); len(found) > 0 {
				t.Errorf("published: %q", found)
			}
		})
	}
}

// TestACommitThatFailsMidwayIsRepeated has one copy fail, and then all attempts
// of what was published gone, as after a commit whose last step was lost.
func TestACommitThatFailsMidwayIsRepeated(t *testing.T) {
	front := storagetest.NewFront(storagetest.NewS3(t))
	folder, query, _ := strings.Cut(storagetest.Serve(t, front), "?")
	l := newLake(t, folder+"/in?"+query, folder+"/out?"+query)
	front.Once("PUT", "tags/run=r1/part-000002", storagetest.Status(403, "AccessDenied"))
	if _, _, err := l.run(t.Context(), l.options, nil); !errors.Is(err, storage.ErrPermission) {
		t.Fatalf("error %v", err)
	}
	for _, key := range keys(t, l.out, "") {
		if strings.HasSuffix(key, "/_SUCCESS") || key == dataset.CommitKey("r1") {
			t.Errorf("%s is there already", key)
		}
	}
	front.Once("PUT", "/out/_runs/r1/commit.json", storagetest.Status(403, "AccessDenied"))
	if _, _, err := l.run(t.Context(), l.options, nil); !errors.Is(err, storage.ErrPermission) {
		t.Fatalf("error %v", err)
	}
	for _, key := range keys(t, l.out, dataset.AttemptsPrefix("r1")) {
		ok(t, l.out.Delete(t.Context(), key))
	}
	_, e := l.mustRun(t, l.options)
	if len(of[label.Loaded](e)) > 0 {
		t.Error("labelled again")
	}
	l.read(t, "r1")
}

// TestAStoreThatIsDownIsTransient at several points of a run.
func TestAStoreThatIsDownIsTransient(t *testing.T) {
	for _, c := range []struct{ method, part string }{{"GET", "/in/scenes/"}, {"GET", "/in/images.txt"}, {"PUT", "/receipts/000001"}} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			t.Parallel() // retries take their time
			front := storagetest.NewFront(storagetest.NewS3(t))
			folder, query, _ := strings.Cut(storagetest.Serve(t, front), "?")
			l := newLake(t, folder+"/in?"+query, folder+"/out?"+query)
			front.Always(c.method, c.part, storagetest.Status(503, "SlowDown"))
			if c.part == "/in/scenes/" { // the others, too: a store that gives some images is not down
				for _, other := range []string{"cut", "not there", "words"} {
					front.Always(c.method, "/in/"+other, storagetest.Status(503, "SlowDown"))
				}
			}
			if _, _, err := l.run(impatient(t.Context()), l.options, nil); !errors.Is(err, storage.ErrTransient) || errors.Is(err, jobs.ErrConfig) {
				t.Errorf("error %v", err)
			}
			if found := published(t, l.out); len(found) > 0 {
				t.Errorf("published: %q", found)
			}
		})
	}
}
