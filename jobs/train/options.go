// Package train is the job that retrains a model from labelled images.
package train

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/jobs/engine"
	"github.com/sdl-batch/sdl-batch/storage"
)

// Options of a training. Labels, Init and Output are required.
type Options struct {
	Labels string // URI of labelled Parquet
	Vocab  string // URI of a vocabulary; "" takes the embedded one
	// ForceVocab trains although the vocabulary seems to come from another label
	// space than the initial bundle's.
	ForceVocab bool
	// Init is the URI of a bundle, or new: and an architecture (see newNet).
	Init   string
	Output string // URI of the new bundle's folder
	Tune   string // one of Tunings
	Recipe Recipe

	Rows   int    // K of a new net; 7
	Size   int    // S of a new net; 224
	Filter string // of a new net; bilinear is the reference's in training

	Features  string        // folder for computed features; "" keeps them with the training
	SaveEvery time.Duration // between checkpoints; 10 minutes
	jobs.Access
	MaxRejectRate float64 // share of the images; over it the training ends
	ScratchDir    string  // folder for scratch files; "" is the system's

	engine.Compute
	Program string // name and version, for the records
}

// Page is the page with the training's curves, without secrets.
func (o Options) Page() string {
	return strings.TrimRight(storage.Redact(o.Output), "/") + "/" + pageKey
}

func (o Options) withDefaults() Options {
	if o.Tune == "" {
		o.Tune = DefaultTuning(o.Init)
	}
	if o.Rows == 0 {
		o.Rows = 7
	}
	if o.Size == 0 {
		o.Size = 224
	}
	return o
}

func (o Options) validate() error {
	problems := []error{o.Recipe.validate(), o.Compute.Validate(), o.Access.Validate()}
	need := func(value, what string) {
		if value == "" {
			problems = append(problems, fmt.Errorf("no %s given", what))
		}
	}
	need(o.Labels, "labels")
	need(o.Init, "initial model")
	need(o.Output, "output")
	if !knownTuning(o.Tune) {
		problems = append(problems, fmt.Errorf("tune %q: want %s", o.Tune, strings.Join(Tunings, ", ")))
	}
	if !(o.MaxRejectRate >= 0 && o.MaxRejectRate <= 1) {
		problems = append(problems, fmt.Errorf("reject rate %g: want 0 to 1", o.MaxRejectRate))
	}
	if o.SaveEvery < 0 {
		problems = append(problems, fmt.Errorf("checkpoints every %s", o.SaveEvery))
	}
	if err := errors.Join(problems...); err != nil {
		return fmt.Errorf("%w: %w", jobs.ErrConfig, err)
	}
	return nil
}

// warnings tells of settings that do nothing.
func (o Options) warnings() (list []string) {
	if r := o.Recipe; o.Tune == "head" && (r.Flip || r.Cutout > 0 || r.Ops > 0) {
		list = append(list, "images are not varied where the head alone is trained: its features are computed once")
	}
	if o.Tune != "head" && o.Features != "" {
		list = append(list, "features are kept only where the head alone is trained")
	}
	return list
}
