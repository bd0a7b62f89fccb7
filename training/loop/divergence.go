package loop

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/sdl-batch/sdl-batch/training/labels"
	"github.com/sdl-batch/sdl-batch/training/loss"
)

// ErrDiverged is reported where the loss or a tensor is not finite, or the loss
// grows without end.
var ErrDiverged = errors.New("training diverged")

// Divergence tells where a training diverged.
type Divergence struct {
	Step     int64 // from 1
	Loss     float64
	Tensor   string  // one that is not finite; "": none was found
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
	tensor := ""
	if d.Tensor != "" {
		tensor = fmt.Sprintf(", %s not finite", d.Tensor)
	}
	return fmt.Sprintf("%v: loss %.4g%s at step %d, learning rate %.3g; images of the batch: %s%s",
		ErrDiverged, d.Loss, tensor, d.Step, d.Learning, strings.Join(uris, ", "), more)
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

// Bounds of what Watch takes for normal.
const (
	growth     = 100 // times the level
	smoothness = 0.95
)

// Watch notices a loss that stays far above where the training began.
type Watch struct {
	Level  float64 `json:"level"`  // what the loss is compared with; 0 before the first step
	Smooth float64 `json:"smooth"` // the loss, smoothed
}

// add takes the loss of one more step and tells whether it is still normal. The
// level is the first loss or, for a net that begins better than by chance, that
// of equal scores.
func (w *Watch) add(value float64, targets *loss.Targets, images int) bool {
	if w.Level == 0 {
		w.Level = max(value, equalScores(targets, images))
		w.Smooth = w.Level
	}
	w.Smooth = smoothness*w.Smooth + (1-smoothness)*value
	return w.Smooth <= growth*w.Level
}

// equalScores is the loss, without its regulariser, of a net that gives all tags
// the same score, 0.
func equalScores(t *loss.Targets, images int) float64 {
	tags, places := len(t.Negatives)/images, len(t.Pairs)/images
	total := 0.0
	for i := range images {
		pairs, alone := t.Pairs[i*places:][:places], t.Alone[i*places:][:places]
		total += sum(pairs)*sum(t.Negatives[i*tags:][:tags]) + sum(alone)
	}
	return total * math.Ln2
}

func sum(values []float32) float64 {
	total := 0.0
	for _, x := range values {
		total += float64(x)
	}
	return total
}

// spoilt names a tensor that is not finite, "" where there is none. It looks
// when the step just done ends an epoch; within one, the next loss tells.
func (t *run) spoilt() string {
	if (t.progress.Step+1)%t.Config.PerEpoch != 0 {
		return ""
	}
	params := t.Step.State().Params
	for _, name := range slices.Sorted(maps.Keys(params)) {
		for _, x := range params[name].Values {
			if x-x != 0 { // NaN or infinite
				return name
			}
		}
	}
	return ""
}
