package gc

import (
	"errors"
	"fmt"
	"time"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/storage/dataset"
)

// ErrCommitted: a run that was to be abandoned is committed.
var ErrCommitted = errors.New("is committed already")

// DefaultOlderThan is for how long nothing must have happened to what an unknown
// process may still be at work on.
const DefaultOlderThan = 7 * 24 * time.Hour

// Options of a collection. Dataset is required.
type Options struct {
	Dataset string // URI
	RunID   string // "": all runs
	// Abandon gives the run up, for good, before its litter is removed. It needs
	// RunID.
	Abandon bool
	// OlderThan is the age from which writes that were not ended, probes and rows of
	// runs without a plan are removed; by the clocks of this machine and the store.
	OlderThan time.Duration
	DryRun    bool   // remove and abandon nothing, and tell the same
	Program   string // name and version, for the records
}

func (o Options) validate() error {
	var problems []error
	if o.Dataset == "" {
		problems = append(problems, errors.New("no dataset given"))
	}
	if o.RunID != "" {
		problems = append(problems, dataset.ValidateRunID(o.RunID))
	}
	if o.Abandon && o.RunID == "" {
		problems = append(problems, errors.New("no run given to abandon"))
	}
	if o.OlderThan < 0 {
		problems = append(problems, fmt.Errorf("an age of %s", o.OlderThan))
	}
	if err := errors.Join(problems...); err != nil {
		return fmt.Errorf("%w: %w", jobs.ErrConfig, err)
	}
	return nil
}
