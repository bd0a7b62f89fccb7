package train

import (
	"time"

	"github.com/sdl-batch/sdl-batch/jobs/engine"
	"github.com/sdl-batch/sdl-batch/pipeline"
)

// Events that a training tells beside engine's.
type (
	// Planned: labels and model are read.
	Planned struct {
		Images, Validation int64 // rows of either part
		Dropped            int64 // without a seen tag
		Batch              int
		Steps              int64
		Epochs             int
		DoneSteps          int64 // by an earlier process
		Device             string
		Tune               string
	}
	// Stepped: a step was done; about twice a second.
	Stepped struct {
		Step, Steps    int64
		Epoch, Epochs  int
		Loss           float64 // smoothed
		Rate           float64 // learning rate
		PerSecond      float64 // images
		Remaining      time.Duration
		Rejected       int64
		WaitsForImages float64 // share of the time
	}
	// Rejected: an image could not be had; once for each image, and for so many
	// of them as are named at all. Code is the stage and what was wrong.
	Rejected struct{ URI, Code, Message string }
	// Validated: an epoch has ended.
	Validated struct {
		Epoch, Epochs int
		Metric        string
		Value         float64
		Measured      bool
		Best          bool
		Seconds       float64
	}
)

// rejectedOf is a reject of an image whose URI has no secrets.
func rejectedOf(uri string, r pipeline.Reject) Rejected {
	return Rejected{URI: uri, Code: r.Stage + "/" + r.Code, Message: r.Message}
}

func (r Rejected) reason() string { return r.Code + ": " + r.Message }

// Event implements engine.Event.
func (Planned) Event() {}

// Event implements engine.Event.
func (Stepped) Event() {}

// Event implements engine.Event.
func (Validated) Event() {}

// Event implements engine.Event.
func (Rejected) Event() {}

var _ = []engine.Event{Planned{}, Stepped{}, Validated{}, Rejected{}}

// Summary is what a training came to.
type Summary struct {
	Output          string             `json:"output"`
	ModelID         string             `json:"model_id"`
	Tune            string             `json:"tune"`
	Images          int64              `json:"images"` // labelled, to train on
	Dropped         int64              `json:"dropped"`
	DroppedImages   []string           `json:"dropped_images,omitempty"` // some
	Rejected        int64              `json:"rejected"`                 // times that an image could not be had
	Steps           int64              `json:"steps,omitempty"`          // 0 where it was finished already
	Epochs          int                `json:"epochs,omitempty"`
	BestEpoch       int                `json:"best_epoch"`
	Metrics         map[string]float64 `json:"metrics"` // of the best epoch's validation, percent
	Ended           string             `json:"ended"`
	Page            string             `json:"page"`
	Device          string             `json:"device,omitempty"`
	Seconds         float64            `json:"seconds"`
	AlreadyFinished bool               `json:"already_finished,omitempty"`
}
