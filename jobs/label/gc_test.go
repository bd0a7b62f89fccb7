package label_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/jobs/gc"
	"github.com/sdl-batch/sdl-batch/jobs/label"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/dataset"
)

// collect removes the litter of a lake's dataset, of any age.
func (l *lake) collect(t *testing.T, o gc.Options) *gc.Summary {
	t.Helper()
	o.Dataset, o.Program = l.options.Output, "test"
	s, err := gc.Run(context.WithoutCancel(t.Context()), o, nil)
	ok(t, err)
	return s
}

// at returns a context under which do is called once, before the nth step of a run
// that suits; happened tells whether it was.
func at(t *testing.T, nth int64, suits func(storage.Step) bool, do func()) (ctx context.Context, happened func() bool) {
	var seen atomic.Int64
	return storage.WithSteps(t.Context(), func(s storage.Step) error {
		if suits(s) && seen.Add(1) == nth {
			do()
		}
		return nil
	}), func() bool { return seen.Load() >= nth }
}

// inFolder suits the steps that are about names which hold a part.
func inFolder(part string) func(storage.Step) bool {
	return func(s storage.Step) bool { return strings.Contains(s.Name, part) }
}

func TestACommittedRunOutlivesItsAttempts(t *testing.T) {
	everyStore(t, func(t *testing.T, l *lake) {
		l.mustRun(t, l.options)
		before := l.read(t, "r1")
		if s := l.collect(t, gc.Options{}); s.Removed.Files != 15 {
			t.Errorf("%+v", s)
		}
		if left := keys(t, l.out, dataset.AttemptsPrefix("r1")); len(left) > 0 {
			t.Errorf("left are %q", left)
		}
		if s := l.collect(t, gc.Options{}); s.Removed.Files > 0 {
			t.Errorf("the second time %+v", s)
		}
		same(t, before, l.read(t, "r1"))
		s, _ := l.mustRun(t, l.options)
		if !s.AlreadyCommitted {
			t.Errorf("%+v", s)
		}
	})
}

// TestACommitThatWokeUpAfterGC stops a commit at points of its way, has another
// process commit the same run and gc remove its attempts, and goes on.
func TestACommitThatWokeUpAfterGC(t *testing.T) {
	everyStore(t, func(t *testing.T, l *lake) {
		o := l.options
		o.ShardRows = 20
		happened := func() bool { return true }
		for n := int64(1); happened(); n += 13 {
			o.RunID = fmt.Sprint("run-", n)
			l.interruptedCommit(t, o)
			var ctx context.Context
			ctx, happened = at(t, n, inFolder("run="+o.RunID+"/"), func() {
				l.mustRun(t, o)
				if s := l.collect(t, gc.Options{RunID: o.RunID}); s.Removed.Files-s.Unfinished != 3 {
					t.Errorf("gc: %+v", s)
				}
			})
			if _, _, err := l.run(ctx, o, nil); err != nil {
				t.Errorf("step %d: %v", n, err)
			}
			l.read(t, o.RunID)
		}
	})
}

// interruptedCommit labels every shard of a run and commits nothing.
func (l *lake) interruptedCommit(t *testing.T, o label.Options) {
	t.Helper()
	o.MaxRejectRate = 0
	if _, _, err := l.run(t.Context(), o, nil); !errors.Is(err, jobs.ErrRejectBudget) {
		t.Fatal(err)
	}
}

// TestAWorkerThatWokeUpAfterGC stops a process that labels, at points of writing its
// attempt, has another one label and commit the run and gc remove all that the first
// has written, finished or not, and goes on.
func TestAWorkerThatWokeUpAfterGC(t *testing.T) {
	everyStore(t, func(t *testing.T, l *lake) {
		o := l.options
		o.ShardRows = 20
		happened := func() bool { return true }
		for n := int64(1); happened(); n += 5 {
			o.RunID = fmt.Sprint("run-", n)
			var ctx context.Context
			ctx, happened = at(t, n, func(s storage.Step) bool {
				return s.Op != "write" && inFolder("_runs/"+o.RunID+"/attempts/")(s)
			}, func() {
				l.mustRun(t, o)
				l.collect(t, gc.Options{RunID: o.RunID})
			})
			if _, _, err := l.run(ctx, o, nil); err != nil {
				t.Errorf("step %d: %v", n, err)
			}
			l.read(t, o.RunID)
			l.collect(t, gc.Options{RunID: o.RunID}) // what landed late
			if left := keys(t, l.out, dataset.AttemptsPrefix(o.RunID)); len(left) > 0 {
				t.Errorf("left are %q", left)
			}
		}
	})
}

// TestEitherCommittedOrAbandoned abandons a run at points of its commit: one of the
// two happens, and no part is left of a run that was abandoned.
func TestEitherCommittedOrAbandoned(t *testing.T) {
	everyStore(t, func(t *testing.T, l *lake) {
		o := l.options
		o.ShardRows = 20
		outcomes := map[bool]int{}
		happened := func() bool { return true }
		for n := int64(1); happened(); n += 9 {
			o.RunID = fmt.Sprint("run-", n)
			l.interruptedCommit(t, o)
			refused := false
			var ctx context.Context
			ctx, happened = at(t, n, func(s storage.Step) bool {
				return strings.Contains(s.Name, "run="+o.RunID+"/") || strings.Contains(s.Name, dataset.CommitKey(o.RunID))
			}, func() {
				_, err := gc.Run(context.WithoutCancel(t.Context()), gc.Options{Dataset: l.options.Output, RunID: o.RunID, Abandon: true, Program: "test"}, nil)
				if refused = errors.Is(err, gc.ErrCommitted); err != nil && !refused {
					t.Errorf("step %d: %v", n, err)
				}
			})
			_, _, err := l.run(ctx, o, nil)
			if !happened() {
				return
			}
			outcomes[refused]++
			if refused != (err == nil) || err != nil && (!errors.Is(err, dataset.ErrAbandoned) || !errors.Is(err, jobs.ErrConfig)) {
				t.Errorf("step %d: abandoning refused %v, run %v", n, refused, err)
			}
			if refused {
				l.read(t, o.RunID)
				continue
			}
			for _, table := range dataset.Tables {
				if left := keys(t, l.out, dataset.TablePrefix(table, o.RunID)); len(left) > 0 {
					t.Errorf("step %d: left are %q", n, left)
				}
			}
			if _, _, err := l.run(t.Context(), o, nil); !errors.Is(err, dataset.ErrAbandoned) {
				t.Errorf("step %d: again: %v", n, err)
			}
		}
		if outcomes[false] == 0 || outcomes[true] == 0 {
			t.Errorf("outcomes %v", outcomes)
		}
	})
}

// TestAPlannerThatWokeUpAfterGC stops a planner while it keeps the rows of its
// manifest and has gc remove them.
func TestAPlannerThatWokeUpAfterGC(t *testing.T) {
	everyStore(t, func(t *testing.T, l *lake) {
		o := l.gzipped(t)
		refused := 0
		happened := func() bool { return true }
		for n := int64(1); happened(); n += 3 {
			o.RunID = fmt.Sprint("run-", n)
			var ctx context.Context
			ctx, happened = at(t, n, func(s storage.Step) bool {
				return strings.Contains(s.Name, "_runs/"+o.RunID+"/manifest/") || strings.Contains(s.Name, dataset.PlanKey(o.RunID))
			}, func() {
				o := gc.Options{Dataset: l.options.Output, Program: "test"}
				if _, err := gc.Run(context.WithoutCancel(t.Context()), o, nil); err != nil && !errors.Is(err, jobs.ErrConfig) {
					t.Errorf("step %d: gc: %v", n, err) // jobs.ErrConfig: nothing is there yet
				}
			})
			p, err := label.Plan(ctx, o)
			if errors.Is(err, dataset.ErrAbandoned) {
				refused++
				if left := keys(t, l.out, dataset.RunPrefix(o.RunID)); len(left) != 1 || left[0] != dataset.PlanKey(o.RunID) {
					t.Errorf("step %d: left are %q", n, left)
				}
				continue
			}
			if err != nil { // it missed its rows before it came to the plan
				_, there := dataset.ReadPlan(t.Context(), l.out, o.RunID)
				if !errors.Is(there, storage.ErrNotExist) && !errors.Is(there, dataset.ErrAbandoned) {
					t.Errorf("step %d: %v, of the plan %v", n, err, there)
				}
				continue
			}
			if _, err := l.out.Stat(t.Context(), p.Manifest.Kept.Key); err != nil {
				t.Errorf("step %d: a plan whose rows are gone: %v", n, err)
			}
		}
		if refused == 0 {
			t.Error("no planner was refused")
		}
	})
}

// TestGCBesideRuns removes litter, over and over, beside processes that label and
// commit the same runs.
func TestGCBesideRuns(t *testing.T) {
	everyStore(t, func(t *testing.T, l *lake) {
		undisturbed := l.options
		undisturbed.RunID = "undisturbed"
		l.mustRun(t, undisturbed)
		wanted := l.read(t, "undisturbed")
		done := make(chan struct{})
		var collecting sync.WaitGroup
		collecting.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					l.collect(t, gc.Options{OlderThan: time.Minute})
				}
			}
		})
		defer collecting.Wait()
		defer close(done)
		for i := range 3 {
			o := l.options
			o.RunID = fmt.Sprint("run-", i)
			var runs sync.WaitGroup
			for range 2 {
				runs.Go(func() {
					if _, _, err := l.run(t.Context(), o, nil); err != nil {
						t.Error(err)
					}
				})
			}
			runs.Wait()
			same(t, wanted, l.read(t, o.RunID))
		}
	})
}
