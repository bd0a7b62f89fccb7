package labels_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/sdl-batch/sdl-batch/training/labels"
)

func TestSplitsAreTheRowsOwn(t *testing.T) {
	part := labels.SplitBy(0.5, 1)
	for split, want := range map[string]string{
		"train": labels.Train, "val": labels.Validation, "validation": labels.Validation, "Valid": labels.Validation, " TEST ": labels.Test, "unused": "unused",
	} {
		if got := part(&labels.Row{URI: "a", Split: split}); got != want {
			t.Errorf("split %q is part %q, want %q", split, got, want)
		}
	}
}

func TestTheHeldOutShareFollowsFromURIAndSeed(t *testing.T) {
	const n = 20000
	for _, heldOut := range []float64{0, 0.1, 0.5, 1} {
		a, b := labels.SplitBy(heldOut, 1), labels.SplitBy(heldOut, 2)
		var out, both int
		for i := range n {
			row := &labels.Row{Number: int64(i), URI: fmt.Sprint("s3://b/", i)}
			first := a(row)
			if first == labels.Validation {
				out++
				if b(row) == labels.Validation {
					both++
				}
			}
			row.Number = 7
			if a(row) != first {
				t.Fatal("the same image went to another side")
			}
		}
		if got := float64(out) / n; math.Abs(got-heldOut) > 0.012 {
			t.Errorf("%v of the rows are held out, want %v", got, heldOut)
		}
		if got := float64(both) / n; math.Abs(got-heldOut*heldOut) > 0.012 {
			t.Errorf("%v of the rows are held out under both seeds, want %v", got, heldOut*heldOut)
		}
	}
}
