package gc

import (
	"testing"
	"time"

	"github.com/sdl-batch/sdl-batch/jobs/engine"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/dataset"
)

// TestCommitsAreNotHeld has runs without attempts, as all are that were collected
// before: their commits, of thousands of files each, would fill the memory.
func TestCommitsAreNotHeld(t *testing.T) {
	out, err := storage.Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	ids := []string{"r1", "r2"}
	for _, id := range ids {
		p := &dataset.Plan{Format: dataset.Format, RunID: id}
		p.Fingerprint = p.Identity.Fingerprint()
		if _, err := dataset.CreatePlan(t.Context(), out, p); err != nil {
			t.Fatal(err)
		}
		if _, err := dataset.CreateCommit(t.Context(), out, &dataset.Commit{Format: dataset.Format, RunID: id}); err != nil {
			t.Fatal(err)
		}
	}
	s := &sweep{out: out, before: time.Now(), handle: engine.Serial(nil), runs: map[string]*run{}, told: map[string]*RunSummary{}}
	if err := s.files(t.Context(), ids); err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		if r := s.runs[id]; r.state != Committed || r.commit != nil {
			t.Errorf("run %s is %s, its commit held: %v", id, r.state, r.commit != nil)
		}
	}
}
