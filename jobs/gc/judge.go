package gc

import "github.com/sdl-batch/sdl-batch/storage/dataset"

// State is how far a run came.
type State string

// States of runs.
const (
	Live       State = "live"       // planned, and neither committed nor abandoned
	Committed  State = "committed"  // and all that it published is there
	Damaged    State = "damaged"    // committed, and a published part is missing or has another size
	Abandoned  State = "abandoned"  // will never be committed
	Unplanned  State = "unplanned"  // has no plan: a planner is at work or was killed
	Unreadable State = "unreadable" // has records that this program cannot judge
)

// Reason says why litter was left.
type Reason string

// Reasons.
const (
	OfLiveShards Reason = "live_shards" // the run may go on with them
	TooYoung     Reason = "too_young"   // somebody may be at work on it
	OnlyCopy     Reason = "only_copy"   // of a run that is Damaged
	NotKnown     Reason = "not_known"   // whose it is
)

// file is what is known of a file beside its run.
type file struct {
	dataset.Place
	named      bool   // the plan names it
	winner     string // attempt that the receipt of its shard names; "" without a receipt
	old        bool   // nothing has happened to it for OlderThan
	unfinished bool   // its writing was begun and has not ended
}

// verdict is what becomes of a file. The zero value keeps what is no litter.
type verdict struct {
	remove bool
	left   Reason // why litter stays
}

var removed = verdict{remove: true}

// judge decides on a file of a run.
func judge(state State, f file) verdict {
	switch {
	case state == Live && f.Kind == dataset.AttemptFile && f.winner == "":
		return verdict{left: OfLiveShards}
	case state == Unreadable && (f.unfinished || f.Kind != dataset.OtherFile && f.Kind != dataset.TableFile):
		return verdict{left: NotKnown}
	case state == Unplanned && f.Kind == dataset.AttemptFile:
		return verdict{left: NotKnown}
	case f.unfinished:
		return ifOld(f)
	}
	switch f.Kind {
	case dataset.AttemptFile:
		return judgeAttempt(state, f)
	case dataset.KeptFile:
		return judgeKept(state, f)
	case dataset.ProbeFile:
		return ifOld(f)
	case dataset.TableFile:
		return verdict{remove: state == Abandoned}
	}
	return verdict{}
}

func ifOld(f file) verdict {
	if f.old {
		return removed
	}
	return verdict{left: TooYoung}
}

func judgeAttempt(state State, f file) verdict {
	switch state {
	case Committed, Abandoned:
		return removed
	case Damaged:
		return verdict{left: OnlyCopy}
	}
	return verdict{remove: f.winner != f.Attempt}
}

// judgeKept decides on rows of a manifest. What a plan does not name, no plan will.
func judgeKept(state State, f file) verdict {
	switch state {
	case Abandoned:
		return removed
	case Unplanned:
		return ifOld(f)
	}
	return verdict{remove: !f.named}
}
