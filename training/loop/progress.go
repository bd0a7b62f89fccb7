package loop

import (
	"fmt"

	"github.com/sdl-batch/sdl-batch/storage"
)

// Progress is how far a training is, apart from its tensors.
type Progress struct {
	Step     int64 `json:"step"`   // steps done
	Epochs   int   `json:"epochs"` // ended: validated, where there is validation
	Place    int64 `json:"place"`  // in the sequence of images
	Images   int64 `json:"images"`
	Rejected int64 `json:"rejected"`        // times that an image was passed over
	Best     *Best `json:"best,omitempty"`  // nil before the first validation
	Stale    int   `json:"stale,omitempty"` // epochs since the best
	Watch    Watch `json:"watch"`
	Ended    End   `json:"ended,omitempty"`
}

// Best is the epoch whose validation was best.
type Best struct {
	Epoch   int                `json:"epoch"` // from 1
	Step    int64              `json:"step"`
	Metrics map[string]float64 `json:"metrics"`
	File    Tensors            `json:"file"` // the tensors of that epoch
}

// End is how a training ended; empty while it goes on.
type End string

// The ends.
const (
	AllSteps     End = "all steps"
	StoppedEarly End = "stopped early"
)

// check reports what no training writes.
func (p Progress) check() error {
	if p.Step < 0 || p.Epochs < 0 || p.Place < 0 || p.Ended != "" && p.Best == nil {
		return fmt.Errorf("step %d of epoch %d at place %d, ended %q: %w", p.Step, p.Epochs, p.Place, p.Ended, storage.ErrInvalid)
	}
	return nil
}
