package promote

import (
	"errors"
	"fmt"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/jobs/engine"
	"github.com/sdl-batch/sdl-batch/jobs/evaluate"
	"github.com/sdl-batch/sdl-batch/storage"
)

// Options of a promotion. Candidate, Current, Labels and Require are required.
type Options struct {
	Candidate string // URI of a bundle
	Current   string // URI of the pointer, which need not exist yet
	Require   []Requirement
	DryRun    bool // measure and check, move nothing

	Labels     string // URI of labelled Parquet
	Split      string // rows of this split only; "" takes all
	Vocab      string // URI of a vocabulary; "" takes the embedded one
	ForceVocab bool   // as engine.Sources has it
	jobs.Access
	MaxRejectRate float64 // as evaluate.Options has it, for either model
	ScratchDir    string

	engine.Compute
	Program string // name and version, for the pointer
}

func (o Options) validate() error {
	var problems []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			problems = append(problems, fmt.Errorf(format, args...))
		}
	}
	check(o.Candidate != "", "no candidate given")
	check(o.Labels != "", "no labels given")
	check(len(o.Require) > 0, "nothing is required of the candidate")
	check(o.MaxRejectRate >= 0 && o.MaxRejectRate <= 1, "reject rate %g: want 0 to 1", o.MaxRejectRate)
	if _, _, err := storage.SplitURI(o.Current); err != nil {
		problems = append(problems, fmt.Errorf("the pointer: %w", err))
	}
	problems = append(problems, o.Compute.Validate(), o.Access.Validate())
	if err := errors.Join(problems...); err != nil {
		return fmt.Errorf("%w: %w", jobs.ErrConfig, err)
	}
	return nil
}

// evaluation are the options of measuring one model.
func (o Options) evaluation(uri string) evaluate.Options {
	var ks []int
	for _, r := range o.Require {
		k, _ := rank(r.Metric)
		ks = append(ks, k)
	}
	return evaluate.Options{
		Labels: o.Labels, Sources: o.sources(uri), Split: o.Split, Ks: ranks(ks...), Access: o.Access,
		MaxRejectRate: o.MaxRejectRate, ScratchDir: o.ScratchDir, Compute: o.Compute, Program: o.Program,
	}
}

func (o Options) sources(uri string) engine.Sources {
	return engine.Sources{Model: uri, Vocab: o.Vocab, ForceVocab: o.ForceVocab}
}
