package step

import (
	"errors"
	"fmt"

	"github.com/sdl-batch/sdl-batch/model/ort"
	"github.com/sdl-batch/sdl-batch/model/tresnet"
	"github.com/sdl-batch/sdl-batch/training/loss"
	"github.com/sdl-batch/sdl-batch/training/optimise"
)

// Config describes a training step.
type Config struct {
	Architecture tresnet.Architecture
	Depth        tresnet.Depth
	Input        tresnet.Input
	Batch        int       // images a step
	Places       int       // positive tags an image may have
	Vectors      []float32 // [C,D] of the seen tags
	Loss         loss.Config
	Adam         optimise.Adam
	Session      ort.Options
	Gradients    bool // keep the gradients of each step (Step.Gradient)
}

// Validate reports every mistake of the configuration at once.
func (c Config) Validate() error {
	errs := []error{c.Architecture.Validate(), c.Loss.Validate()}
	if c.Batch < 1 || c.Places < 1 {
		errs = append(errs, fmt.Errorf("batch of %d images with up to %d positive tags", c.Batch, c.Places))
	}
	if len(c.Vectors) == 0 || len(c.Vectors)%c.Architecture.Dim != 0 {
		errs = append(errs, fmt.Errorf("%d vector elements in dimension %d", len(c.Vectors), c.Architecture.Dim))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("step: %w", err)
	}
	return nil
}

// NewTargets makes room for the labels of one step.
func (c Config) NewTargets() *loss.Targets {
	return loss.NewTargets(c.Loss, c.Vectors, c.Architecture.Dim, c.Batch, c.Places)
}
