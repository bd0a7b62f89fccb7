package train

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sdl-batch/sdl-batch/model/tresnet"
	"github.com/sdl-batch/sdl-batch/training/augment"
	"github.com/sdl-batch/sdl-batch/training/loss"
	"github.com/sdl-batch/sdl-batch/training/optimise"
)

// Recipe is how a training goes. All of it decides the result.
type Recipe struct {
	Epochs int `json:"epochs"`
	Batch  int `json:"batch"` // images a step

	Rate   float64 `json:"rate"`   // the largest learning rate of the one-cycle schedule
	WarmUp float64 `json:"warmup"` // share of the steps that climb to it
	Decay  float64 `json:"decay"`  // L2, of parameters with more than one axis

	Regulariser   float64 `json:"regulariser"` // w of the loss
	NoRegulariser bool    `json:"no_regulariser,omitempty"`
	NoDiversity   bool    `json:"no_diversity,omitempty"` // every image weighs the same

	Cutout    float64 `json:"cutout"`      // side of the square in parts of the image's; 0: none
	Ops       int     `json:"augment_ops"` // RandAugment operations an image
	Magnitude int     `json:"augment_magnitude"`
	Flip      bool    `json:"flip"`

	Average  float64 `json:"ema"`      // share that the moving average keeps; 0: none
	Patience int     `json:"patience"` // epochs without a better one; 0: no early stop
	Metric   string  `json:"metric"`   // picks the best epoch
	HeldOut  float64 `json:"held_out"` // share of rows without a split that validate
	Seed     int64   `json:"seed"`
}

// base is common to all presets.
var base = Recipe{
	WarmUp: 0.1, Decay: 3e-4, Regulariser: 0.3, Metric: "seen.map", HeldOut: 0.1, Seed: 1,
}

// Presets by name.
var presets = map[string]func(*Recipe){
	// The reference's training on COCO, but for the batch norm's half precision.
	"reference": func(r *Recipe) {
		r.Epochs, r.Batch, r.Rate = 10, 32, 2.5e-5
		a := augment.Reference()
		r.Cutout, r.Ops, r.Magnitude = a.Cutout, a.Ops, a.Magnitude
	},
	// The embedding layer alone, on features: no augmentation, larger rates.
	"head": func(r *Recipe) { r.Epochs, r.Batch, r.Rate = 20, 64, 1e-3 },
	// A net from seeded noise.
	"scratch": func(r *Recipe) { r.Epochs, r.Batch, r.Rate, r.WarmUp, r.Flip = 30, 32, 2e-3, 0.3, false },
}

// PresetNames lists them.
var PresetNames = []string{"reference", "head", "scratch"}

// Preset returns a recipe by its name.
func Preset(name string) (Recipe, error) {
	fill := presets[name]
	if fill == nil {
		return Recipe{}, fmt.Errorf("recipe %q: want %s", name, strings.Join(PresetNames, ", "))
	}
	r := base
	fill(&r)
	return r, nil
}

func (r Recipe) validate() error {
	var problems []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			problems = append(problems, fmt.Errorf(format, args...))
		}
	}
	check(r.Epochs >= 1 && r.Epochs <= 1e6, "%d epochs: want 1 to a million", r.Epochs)
	check(r.Batch >= 2 && r.Batch <= 4096, "batch of %d images: want 2 to 4096", r.Batch)
	check(r.Rate > 0 && r.Rate < 1e3, "learning rate %g: want above 0", r.Rate)
	check(r.WarmUp > 0 && r.WarmUp < 1, "warm-up %g: want above 0 and below 1", r.WarmUp)
	check(r.Decay >= 0 && r.Decay < 1, "decay %g: want 0 to below 1", r.Decay)
	check(r.Average >= 0 && r.Average < 1, "moving average %g: want 0 to below 1", r.Average)
	check(r.Patience >= 0, "patience of %d epochs: want 0 or more", r.Patience)
	check(r.HeldOut >= 0 && r.HeldOut < 1, "held-out share %g: want 0 to below 1", r.HeldOut)
	check(strings.HasPrefix(r.Metric, "seen."), "metric %q: the best epoch is picked on seen tags: want seen.map, seen.f1@3, …", r.Metric)
	problems = append(problems, r.loss().Validate(), r.augmentation().Validate())
	return errors.Join(problems...)
}

func (r Recipe) loss() loss.Config {
	return loss.Config{Regulariser: r.Regulariser, Plain: r.NoRegulariser, Uniform: r.NoDiversity}
}

func (r Recipe) augmentation() augment.Config {
	return augment.Config{Flip: r.Flip, Cutout: r.Cutout, Ops: r.Ops, Magnitude: r.Magnitude}
}

func (r Recipe) adam() optimise.Adam {
	a := optimise.Defaults
	a.Decay = r.Decay
	return a
}

// Tunings are the values of Options.Tune.
var Tunings = []string{"head", "last-stage", "all"}

// depths are their meanings.
var depths = map[string]tresnet.Depth{"head": tresnet.Head, "last-stage": tresnet.LastStage, "all": tresnet.Whole}

// DefaultTuning is the head alone of a trained bundle, all of a new net.
func DefaultTuning(init string) string {
	if isNew(init) {
		return "all"
	}
	return "head"
}

// DefaultPreset is the recipe's name for a tuning.
func DefaultPreset(init, tune string) string {
	switch {
	case tune == "head":
		return "head"
	case isNew(init):
		return "scratch"
	}
	return "reference"
}

func knownTuning(tune string) bool { return slices.Contains(Tunings, tune) }
