package loop

import (
	"errors"
	"fmt"
	"time"

	"github.com/sdl-batch/sdl-batch/training/optimise"
)

// Config says how long a training runs and what is kept.
type Config struct {
	Batch    int   // images a step
	PerEpoch int64 // steps an epoch
	Epochs   int
	Schedule optimise.OneCycle // over all steps
	Adam     optimise.Adam

	// Average, where above 0, is the share that the moving average of all
	// tensors keeps at each step; validation and the result then use the
	// average.
	Average float64
	// Metric is what validation picks the best epoch by; the largest is best.
	Metric string
	// Patience ends the training after so many epochs without a better one; 0:
	// never.
	Patience int
	// SaveEvery is how long a training goes on without a checkpoint; there is
	// one at the end of each epoch in any case. 10 minutes.
	SaveEvery time.Duration
}

// Steps is how many steps the training has at most.
func (c Config) Steps() int64 { return c.PerEpoch * int64(c.Epochs) }

// Validate reports every mistake at once.
func (c Config) Validate() error {
	var errs []error
	if c.Batch < 1 || c.PerEpoch < 1 || c.Epochs < 1 {
		errs = append(errs, fmt.Errorf("%d epochs of %d steps with %d images", c.Epochs, c.PerEpoch, c.Batch))
	}
	if !(c.Average >= 0 && c.Average < 1) {
		errs = append(errs, fmt.Errorf("moving average %g: want 0 to below 1", c.Average))
	}
	if c.Patience < 0 {
		errs = append(errs, fmt.Errorf("patience of %d epochs", c.Patience))
	}
	errs = append(errs, c.Schedule.Validate())
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("training: %w", err)
	}
	return nil
}
