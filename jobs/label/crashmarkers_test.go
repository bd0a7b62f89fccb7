package label_test

import (
	"errors"
	"testing"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/jobs/label"
	"github.com/sdl-batch/sdl-batch/storage/dataset"
)

// TestKilledBetweenCommitAndMarkers goes on without a run id: the command finds
// the run whose markers are missing, sets them and labels nothing again. Once they
// are set, or the tables were deleted, the run is over.
func TestKilledBetweenCommitAndMarkers(t *testing.T) {
	lake := smallOn["files"](t)
	lake.options.RunID = ""
	for i, point := range []string{"put _runs/run/commit.json, answered", "put vocab/run/_SUCCESS", "put images/run/_SUCCESS"} {
		l, o := lake.into(t, lake.options, i)
		if !child(t, o, death{At: &place{point, 1}}).killed {
			t.Fatalf("nobody died at %s", point)
		}
		id := l.runs(t)[0]
		s, e := l.mustRun(t, o)
		if s.RunID != id || !s.AlreadyCommitted || len(doneShards(e)) > 0 {
			t.Errorf("%s: %s was committed, then came %+v", point, id, s)
		}
		l.read(t, s.RunID)
		if s, _ = l.mustRun(t, o); s.RunID == id || s.AlreadyCommitted {
			t.Errorf("%s: run %s goes on although it is complete", point, id)
		}
	}
}

func TestARunWhoseTablesWereDeletedIsOver(t *testing.T) {
	l := smallOn["memory"](t)
	o := l.options
	o.RunID = ""
	first, _ := l.mustRun(t, o)
	for _, key := range keys(t, l.out, dataset.TablePrefix(dataset.Images, first.RunID)) {
		ok(t, l.out.Delete(t.Context(), key))
	}
	if s, _ := l.mustRun(t, o); s.RunID == first.RunID || s.OK == 0 {
		t.Errorf("summary %+v", s)
	}
}

// TestACommittedRunWithoutItsPlan is not planned again, as another run might be.
func TestACommittedRunWithoutItsPlan(t *testing.T) {
	l := smallOn["memory"](t)
	l.mustRun(t, l.options)
	ok(t, l.out.Delete(t.Context(), dataset.PlanKey("r1")))
	o := l.options
	o.TopK++
	for _, o := range []label.Options{l.options, o} {
		if _, _, err := l.run(t.Context(), o, nil); !errors.Is(err, jobs.ErrDamaged) {
			t.Errorf("error %v", err)
		}
	}
	if found := keys(t, l.out, dataset.PlanKey("r1")); len(found) > 0 {
		t.Errorf("there is %q", found)
	}
}
