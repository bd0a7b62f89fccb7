package loop

import (
	"github.com/sdl-batch/sdl-batch/pipeline"
	"github.com/sdl-batch/sdl-batch/training/step"
)

// StepDone: the parameters moved.
type StepDone struct {
	Step     int64 // from 1
	Epoch    int   // from 1
	Terms    step.Terms
	Learning float64 // rate
	Images   int
	Seconds  float64 // since the step before
	Waited   float64 // of them, for images
}

// EpochDone: an epoch was validated.
type EpochDone struct {
	Epoch   int
	Step    int64
	Metrics map[string]float64 // nil without validation
	Best    bool
	Seconds float64 // of validation
}

// ImageRejected: an image was passed over.
type ImageRejected struct {
	URI string
	pipeline.Reject
}

// Saving: a checkpoint is about to be written. What the training told must be
// durable before it, to have no gap where it goes on; what is told twice then
// is the same.
type Saving struct{ Step int64 }

// Unsaved: the checkpoint of a training that was interrupted could not be written;
// it goes on from the one before.
type Unsaved struct {
	Step int64
	Err  error
}

func (StepDone) event()      {}
func (Unsaved) event()       {}
func (EpochDone) event()     {}
func (ImageRejected) event() {}
func (Saving) event()        {}
