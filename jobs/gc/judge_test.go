package gc

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/sdl-batch/sdl-batch/storage/dataset"
)

var (
	allStates = []State{Live, Committed, Damaged, Abandoned, Unplanned, Unreadable}
	allKinds  = []dataset.Kind{dataset.OtherFile, dataset.AttemptFile, dataset.KeptFile, dataset.ProbeFile, dataset.TableFile}
)

func drawFile(t *rapid.T) file {
	f := file{
		Place: dataset.Place{Kind: rapid.SampledFrom(allKinds).Draw(t, "kind")},
		named: rapid.Bool().Draw(t, "named"), old: rapid.Bool().Draw(t, "old"), unfinished: rapid.Bool().Draw(t, "unfinished"),
	}
	if f.Kind == dataset.AttemptFile {
		f.Attempt = rapid.SampledFrom([]string{"A", "B"}).Draw(t, "attempt")
		f.winner = rapid.SampledFrom([]string{"", "A", "B"}).Draw(t, "winner")
	}
	return f
}

// TestWhatIsNeeded is never removed, whatever the rest.
func TestWhatIsNeeded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		state, f := rapid.SampledFrom(allStates).Draw(t, "state"), drawFile(t)
		v := judge(state, f)
		if v.remove && v.left != "" {
			t.Errorf("removed and left: %v", v.left)
		}
		if !v.remove {
			return
		}
		whole := !f.unfinished
		switch {
		case state == Unreadable:
			t.Error("of a run that cannot be judged")
		case whole && f.Kind == dataset.OtherFile:
			t.Error("a record")
		case whole && f.Kind == dataset.TableFile && state != Abandoned:
			t.Error("a part")
		case whole && f.Kind == dataset.KeptFile && f.named && state != Abandoned && state != Unplanned:
			t.Error("rows that a plan names")
		case f.Kind == dataset.AttemptFile && state == Live && f.winner == "":
			t.Error("of a shard that is not done")
		case whole && f.Kind == dataset.AttemptFile && state == Live && f.winner == f.Attempt:
			t.Error("the attempt that counts")
		case whole && f.Kind == dataset.AttemptFile && state == Damaged:
			t.Error("the only copy")
		case f.Kind == dataset.AttemptFile && state == Unplanned:
			t.Error("an attempt without a plan")
		case !f.old && (f.unfinished || f.Kind == dataset.ProbeFile || f.Kind == dataset.KeptFile && state == Unplanned):
			t.Error("what somebody may be at work on")
		}
	})
}

// TestNothingIsLeftOfRunsThatAreOver once it is old.
func TestNothingIsLeftOfRunsThatAreOver(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		state, f := rapid.SampledFrom([]State{Committed, Abandoned}).Draw(t, "state"), drawFile(t)
		f.old = true
		litter := f.unfinished || f.Kind == dataset.AttemptFile || f.Kind == dataset.ProbeFile || f.Kind == dataset.KeptFile && !f.named ||
			state == Abandoned && f.Kind != dataset.OtherFile
		if v := judge(state, f); v.remove != litter || v.left != "" {
			t.Errorf("%+v of litter %v", v, litter)
		}
	})
}

// TestAgeOnlyEverAllows: what may go while it is young may go when it is old, and
// what is old is never left for being young.
func TestAgeOnlyEverAllows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		state, f := rapid.SampledFrom(allStates).Draw(t, "state"), drawFile(t)
		f.old = false
		young := judge(state, f)
		f.old = true
		old := judge(state, f)
		if young.remove && !old.remove || old.left == TooYoung || young.left == TooYoung && !old.remove {
			t.Errorf("young %+v, old %+v", young, old)
		}
	})
}
