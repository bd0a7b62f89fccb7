package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/jobs/engine"
	"github.com/sdl-batch/sdl-batch/jobs/evaluate"
	"github.com/sdl-batch/sdl-batch/jobs/promote"
)

func newPromote() *cobra.Command {
	var o promote.Options
	var require []string
	var asJSON bool
	c := &cobra.Command{
		Use:   "promote --candidate B --current URI --labels L --require R",
		Short: "Make a model the current one, if it is good enough",
		Long: `Measure a candidate and the current model on the same labels, as eval does. If the
candidate meets every --require, copy it into the folder of the pointer --current,
under a name of its own, and move the pointer there, in one write; run, eval, train
and model inspect follow the pointer as if it were the bundle's folder. Otherwise
nothing changes, and the exit status is 65. Where there is no pointer yet, what
compares with the current model is met. To go back, promote the earlier bundle.

A requirement is METRIC OPERATOR OPERAND:

  METRIC    zsl, gzsl or seen, a dot, and map, map_present, p@K, r@K or f1@K; keep.
            before it takes the protocol that keeps images without a tag of the task
  OPERATOR  >=  >  <=  <  ==
  OPERAND   a number, or current, current + 0.5, current - 0.5, current * 0.98

Figures are percent, differences points. Take labels that the candidate was not
trained on.`,
		Example: `  sdl-batch promote --candidate bundle2 --current models/current --labels labels.parquet --split test \
      --require 'gzsl.f1@3 >= current'
  sdl-batch promote --candidate s3://lake/models/2 --current s3://lake/models/current --labels s3://lake/test.parquet \
      --vocab nus.parquet --require 'gzsl.f1@3 > current + 0.5' --require 'zsl.map >= 20' --dry-run
  sdl-batch run --manifest images.txt --output out --model s3://lake/models/current --vocab nus.parquet`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			if err := positive(c, "batch", "threads", "decoders", "fetchers", "per-host"); err != nil {
				return err
			}
			if o.Require, err = promote.ParseRequirements(require); err != nil {
				return usageError{hinted{err, "a requirement is like 'gzsl.f1@3 >= current', 'zsl.map > current + 0.5' or 'keep.gzsl.map >= 20'"}}
			}
			o.Program, o.LibraryEnv = program(), os.Getenv("SDL_ORT_LIB")
			show, done := watchMeasuring(os.Stderr)
			p, err := promote.Run(c.Context(), o, show)
			done()
			if err != nil && !errors.Is(err, jobs.ErrRequirement) {
				return promoteError(c.ErrOrStderr(), p, orOther(err, engine.Sources{Model: o.Candidate, Vocab: o.Vocab}))
			}
			if asJSON {
				return errors.Join(printJSON(c.OutOrStdout(), p), err)
			}
			return errors.Join(printPromotion(c.OutOrStdout(), p), err)
		},
	}
	f := c.Flags()
	f.StringVar(&o.Candidate, "candidate", "", "bundle to promote: a path or URI")
	f.StringVar(&o.Current, "current", "", "pointer to the current bundle: a path or URI; made when missing")
	f.StringVar(&o.Labels, "labels", "", "labelled Parquet: a path or URI")
	f.StringArrayVar(&require, "require", nil, "`requirement` that the candidate must meet; may be given again")
	f.BoolVar(&o.DryRun, "dry-run", false, "measure and check, and leave the pointer as it is")
	f.StringVar(&o.Split, "split", "", "take only rows of this split (default: all rows)")
	f.StringVar(&o.Vocab, "vocab", "", "vocabulary Parquet: a path or URI (default: the one in the program)")
	f.BoolVar(&o.ForceVocab, "force-vocab", false, "use the vocabulary although it seems to be from another label space")
	addAccess(c, &o.Access, "remote labels")
	f.Float64Var(&o.MaxRejectRate, "max-reject-rate", 0.1, "share of rows that may be rejected, 0 to 1; over it nothing is promoted")
	addCompute(c, &o.Compute)
	f.BoolVar(&asJSON, "json", false, "print the result as JSON")
	required(c, "candidate", "current", "labels", "require")
	return c
}

// watchMeasuring is watchCounting for one model after the other.
func watchMeasuring(w *os.File) (show engine.Handler, done func()) {
	current, end := watchCounting(w, "")
	show = func(e engine.Event) {
		m, begins := e.(promote.Measuring)
		if !begins {
			current(e)
			return
		}
		end()
		current, end = watchCounting(w, m.What)
		if !term.IsTerminal(int(w.Fd())) {
			newLines(w).log.Info("measuring", "which", m.What, "id", m.ModelID)
		}
	}
	return show, func() { end() }
}

// promoteError words an error with its cure, as evalError does.
func promoteError(w io.Writer, p *promote.Promotion, err error) error {
	if p == nil || !errors.Is(err, jobs.ErrRejectBudget) {
		return evalError(w, nil, err)
	}
	rejects := p.Candidate.Rejects
	if p.Current != nil && p.Current.Rejects.Count > 0 {
		rejects = p.Current.Rejects // measured last
	}
	return evalError(w, &evaluate.Evaluation{Rejects: rejects}, err)
}

// shortID is enough of an id for people.
func shortID(id string) string { return fmt.Sprintf("%.19s", id) }
