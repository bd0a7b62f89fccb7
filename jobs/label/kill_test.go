package label_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sdl-batch/sdl-batch/jobs/label"
	"github.com/sdl-batch/sdl-batch/storage/dataset"
)

// TestKilledAtAnyTime kills processes that label by the clock, wherever they
// happen to be; each dataset is then completed and compared with one that
// nothing disturbed.
func TestKilledAtAnyTime(t *testing.T) {
	kills := 5
	if torture {
		kills = 300
	}
	l := local(t)
	o := l.options
	o.ShardRows, o.RunID = 3, "undisturbed"
	start := time.Now()
	if end := child(t, o, death{After: time.Minute}); end.killed {
		t.Fatal("the undisturbed run took a minute")
	}
	whole := time.Since(start)
	want := l.read(t, "undisturbed")

	rng := rand.New(rand.NewPCG(1, 2))
	died, survived, found := 0, 0, map[string]int{}
	for run := 0; died < kills; run++ {
		if survived > 10*kills {
			t.Fatalf("%d runs ended before they were killed", survived)
		}
		o.RunID = fmt.Sprint("killed-", run)
		for died < kills {
			if !child(t, o, death{After: time.Duration(rng.Int64N(int64(whole)))}).killed {
				survived++
				break
			}
			died++
			found[l.checkUnfinished(t, o.RunID)]++
		}
		l.mustRun(t, o)
		same(t, want, l.read(t, o.RunID))
	}
	t.Logf("%d kills left %v; %d runs ended by themselves; an undisturbed one takes %v", died, found, survived, whole.Round(time.Millisecond))
}

// death says when a child is to die.
type death struct {
	After time.Duration `json:"-"` // from outside; 0: not
	At    *place        // by its own hand
}

// deathEnv holds a child's death, as JSON.
const deathEnv = "SDL_LABEL_TEST_DEATH"

// end is that of a child.
type end struct {
	killed bool
	point  string // where it killed itself
}

// child labels in a process of its own that dies as it is told, with no chance
// to clean up.
func child(t *testing.T, o label.Options, d death) end {
	t.Helper()
	options, err := json.Marshal(o)
	ok(t, err)
	orders, err := json.Marshal(d)
	ok(t, err)
	executable, err := os.Executable()
	ok(t, err)
	var words bytes.Buffer
	c := exec.Command(executable)
	// A process under the race detector sleeps a second before it ends.
	c.Env = append(os.Environ(), childEnv+"="+string(options), deathEnv+"="+string(orders), "GORACE=atexit_sleep_ms=0")
	c.Stderr = &words
	ok(t, c.Start())
	if d.After > 0 {
		timer := time.AfterFunc(d.After, func() { c.Process.Signal(syscall.SIGKILL) })
		defer timer.Stop()
	}
	err = c.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signaled() {
		return end{true, words.String()}
	}
	if err != nil {
		t.Fatalf("%v: %s", err, words.String())
	}
	return end{}
}

// dying returns a context under which a child dies as it was told.
func dying(ctx context.Context) context.Context {
	var d death
	if json.Unmarshal([]byte(os.Getenv(deathEnv)), &d) != nil || d.At == nil {
		return ctx
	}
	seen := newCensus()
	return withPoints(ctx, func(point string) error {
		if d.At.is(seen, point) {
			fmt.Fprint(os.Stderr, point)
			syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
		return nil
	})
}

// checkUnfinished checks what a killed run left and tells how far it came:
// records are whole, each receipt's files and all that the plan names are there
// as they were recorded, what is published is what the receipts name and
// follows all of them, and the commit follows all parts.
func (l *lake) checkUnfinished(t *testing.T, run string) string {
	t.Helper()
	var plan dataset.Plan
	if !l.record(t, dataset.PlanKey(run), &plan) {
		if found := keys(t, l.out, ""); slices.ContainsFunc(found, func(key string) bool { return isOf(key, run) }) {
			t.Errorf("files %q without a plan", found)
		}
		return "nothing"
	}
	if kept := plan.Manifest.Kept; kept != nil {
		l.holds(t, kept.Key, kept.SHA256)
	}
	parts := l.receipts(t, &plan)
	done := len(parts) / len(dataset.ShardTables)
	var commit dataset.Commit
	committed := l.record(t, dataset.CommitKey(run), &commit)
	for _, f := range commit.Files {
		parts[f.Key] = f.SHA256
		l.holds(t, f.Key, f.SHA256)
	}
	found := l.checkPublished(t, &plan, parts, committed)
	switch {
	case committed:
		return "a commit"
	case found > 0 && done < len(plan.Shards):
		t.Errorf("%d of %d shards are done, and %d files are published", done, len(plan.Shards), found)
		fallthrough
	case found > 0:
		return "parts"
	case done > 0:
		return "receipts"
	}
	return "a plan"
}

func isOf(key, run string) bool { return strings.Contains(key, "/run="+run+"/") }

// record reads a record, which is whole if it is there.
func (l *lake) record(t *testing.T, key string, v any) (there bool) {
	t.Helper()
	if !slices.Contains(keys(t, l.out, key), key) {
		return false
	}
	text, _, err := l.out.ReadAll(t.Context(), key, 1<<20)
	ok(t, err)
	if err := json.Unmarshal(text, v); err != nil {
		t.Errorf("%s: %v", key, err)
	}
	return true
}

// holds checks that an object has the content that was recorded.
func (l *lake) holds(t *testing.T, key, sha256 string) {
	t.Helper()
	text, _, err := l.out.ReadAll(t.Context(), key, 1<<20)
	if err != nil || digestOf(text) != sha256 {
		t.Errorf("%s is not as recorded: %v", key, err)
	}
}

// receipts checks the receipts that there are, with their files, and returns the
// digests of the parts that they may become.
func (l *lake) receipts(t *testing.T, plan *dataset.Plan) map[string]string {
	t.Helper()
	parts := map[string]string{}
	for shard := range l.attempts(t, plan.RunID) {
		r, err := dataset.ReadReceipt(t.Context(), l.out, plan, shard)
		ok(t, err)
		for _, f := range r.Files {
			l.holds(t, f.Key, f.SHA256)
			parts[dataset.PartKey(f.Table, plan.RunID, shard, plan.Identity.Files())] = f.SHA256
		}
	}
	return parts
}

// checkPublished checks what lies under the table folders, and counts it.
func (l *lake) checkPublished(t *testing.T, plan *dataset.Plan, parts map[string]string, committed bool) int {
	t.Helper()
	vocab := dataset.PartKey(dataset.Vocab, plan.RunID, 0, plan.Identity.Files())
	found := slices.DeleteFunc(published(t, l.out), func(key string) bool { return !isOf(key, plan.RunID) })
	for _, key := range found {
		switch {
		case strings.HasSuffix(key, "/_SUCCESS"):
			if !committed {
				t.Errorf("%s without a commit", key)
			}
		case key == vocab:
			source, _, err := l.out.ReadAll(t.Context(), dataset.VocabSource(plan.RunID, plan.Identity.Files()), 1<<20)
			ok(t, err)
			l.holds(t, key, digestOf(source))
		case parts[key] == "":
			t.Errorf("%s is published and in no receipt", key)
		default:
			l.holds(t, key, parts[key])
		}
	}
	return len(found)
}
