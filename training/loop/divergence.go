package loop

import (
	"errors"
	"fmt"
	"strings"

	"github.com/sdl-batch/sdl-batch/training/labels"
)

// ErrDiverged is reported where the loss is not finite or grows without end.
var ErrDiverged = errors.New("training diverged")

// Divergence tells where a training diverged.
type Divergence struct {
	Step     int64 // from 1
	Loss     float64
	Learning float64 // rate of the step
	URIs     []string
}

const urisTold = 8

// Error implements the interface.
func (d *Divergence) Error() string {
	uris, more := d.URIs, ""
	if len(uris) > urisTold {
		uris, more = uris[:urisTold], fmt.Sprintf(" and %d more", len(d.URIs)-urisTold)
	}
	return fmt.Sprintf("%v: loss %g at step %d, learning rate %.3g; images of the batch: %s%s", ErrDiverged, d.Loss, d.Step, d.Learning, strings.Join(uris, ", "), more)
}

// Unwrap makes it an ErrDiverged.
func (d *Divergence) Unwrap() error { return ErrDiverged }

func urisOf(rows []labels.Row, display func(string) string) []string {
	var uris []string
	for _, r := range rows {
		uris = append(uris, display(r.URI))
	}
	return uris
}

// Bounds of what watch takes for normal.
const (
	watched    = 50 // steps that give the level to compare with
	growth     = 10 // times that level
	smoothness = 0.95
)

// watch notices a loss that stays far above where the training began.
type watch struct {
	steps         int
	level, smooth float64
}

// add takes the loss of one more step and tells whether it is still normal.
func (w *watch) add(loss float64) bool {
	w.steps++
	if w.steps <= watched {
		w.level += (loss - w.level) / float64(w.steps)
		w.smooth = w.level
		return true
	}
	w.smooth = smoothness*w.smooth + (1-smoothness)*loss
	return w.smooth <= growth*w.level
}
