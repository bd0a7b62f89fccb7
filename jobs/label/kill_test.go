package label_test

import (
	"bytes"
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
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/dataset"
)

// As many kills as these, or as fit into the time; a few in any case.
const (
	kills    = 15
	fewKills = 4
	killTime = 20 * time.Second
)

// TestKilledAtAnyTime kills processes that label, with no chance to clean up,
// until so many died; each dataset is then completed and compared with one that
// nothing disturbed.
func TestKilledAtAnyTime(t *testing.T) {
	l := local(t)
	o := l.options
	o.ShardRows, o.RunID = 3, "undisturbed"
	start := time.Now()
	if died := child(t, o, time.Minute); died {
		t.Fatal("the undisturbed run took a minute")
	}
	whole := time.Since(start)
	want := l.read(t, "undisturbed")

	rng := rand.New(rand.NewPCG(1, 2))
	died, survived, found := 0, 0, map[string]int{}
	begun := time.Now()
	more := func() bool { return died < kills && (died < fewKills || time.Since(begun) < killTime) }
	for run := 0; more(); run++ {
		if survived > 10*kills {
			t.Fatalf("%d runs ended before they were killed", survived)
		}
		o.RunID = fmt.Sprint("killed-", run)
		for more() {
			if !child(t, o, time.Duration(rng.Int64N(int64(whole)))) {
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

// child labels in a process of its own, and kills it after a while; it tells
// whether that was in time.
func child(t *testing.T, o label.Options, after time.Duration) (killed bool) {
	t.Helper()
	options, err := json.Marshal(o)
	ok(t, err)
	executable, err := os.Executable()
	ok(t, err)
	var words bytes.Buffer
	c := exec.Command(executable)
	// A process under the race detector sleeps a second before it ends.
	c.Env = append(os.Environ(), childEnv+"="+string(options), "GORACE=atexit_sleep_ms=0")
	c.Stderr = &words
	ok(t, c.Start())
	timer := time.AfterFunc(after, func() { c.Process.Signal(syscall.SIGKILL) })
	defer timer.Stop()
	err = c.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signaled() {
		return true
	}
	if err != nil {
		t.Fatalf("%v: %s", err, words.String())
	}
	return false
}

// checkUnfinished checks what a killed run left: whatever is published follows
// all receipts, the commit follows all parts, and each receipt's files are
// there in full. It tells how far the run came.
func (l *lake) checkUnfinished(t *testing.T, run string) string {
	t.Helper()
	plan, err := dataset.ReadPlan(t.Context(), l.out, run)
	if errors.Is(err, storage.ErrNotExist) {
		return "nothing"
	}
	ok(t, err)
	receipts := l.attempts(t, run)
	for shard := range receipts {
		r, err := dataset.ReadReceipt(t.Context(), l.out, plan, shard)
		ok(t, err)
		for _, f := range r.Files {
			if attrs, err := l.out.Stat(t.Context(), f.Key); err != nil || attrs.Size != f.Bytes {
				t.Errorf("%s: %d bytes of %d, error %v", f.Key, attrs.Size, f.Bytes, err)
			}
		}
	}
	parts := slices.DeleteFunc(published(t, l.out), func(key string) bool { return !strings.Contains(key, "/run="+run+"/") })
	if len(parts) > 0 && len(receipts) < len(plan.Shards) {
		t.Errorf("%d of %d shards are done, and published are %q", len(receipts), len(plan.Shards), parts)
	}
	_, err = dataset.ReadCommit(t.Context(), l.out, run)
	if err == nil && len(parts) < 3*len(plan.Shards)+1 {
		t.Errorf("committed with %d files", len(parts))
	}
	if err != nil && (!errors.Is(err, storage.ErrNotExist) || slices.ContainsFunc(parts, func(key string) bool { return strings.HasSuffix(key, "/_SUCCESS") })) {
		t.Errorf("files %q without a commit: %v", parts, err)
	}
	switch {
	case err == nil:
		return "a commit"
	case len(parts) > 0:
		return "parts"
	case len(receipts) > 0:
		return "receipts"
	}
	return "a plan"
}
