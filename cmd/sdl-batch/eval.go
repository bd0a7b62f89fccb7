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
	"github.com/sdl-batch/sdl-batch/storage/columnar"
)

func newEval() *cobra.Command {
	var o evaluate.Options
	var asJSON bool
	c := &cobra.Command{
		Use:   "eval --labels L",
		Short: "Measure a model on labelled images: mAP, precision, recall, F1",
		Long: `Measure how well a model ranks the tags of labelled images: zero-shot (ZSL, unseen
tags only), generalised (GZSL, all tags) and seen tags only. Each comes twice,
because published numbers mix two protocols: drop leaves images without any tag
of the task out, keep does not.

Labels are a Parquet table with the columns uri, positives (list of tags) and, if
there are any, negatives (null: every other tag is negative; a list: all others
are unknown) and split. Relative names are taken from the table's own folder.`,
		Example: `  sdl-batch eval --labels labels.parquet
  sdl-batch eval --labels s3://lake/test.parquet --split test --model bundle --vocab nus.parquet \
      --k 3,5,10 --per-tag tags.parquet --report report.json`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := positive(c, "batch", "threads", "decoders", "fetchers", "per-host"); err != nil {
				return err
			}
			o.Program, o.LibraryEnv = program(), os.Getenv("SDL_ORT_LIB")
			show, done := watchCounting(os.Stderr, "eval")
			e, err := evaluate.Run(c.Context(), o, show)
			done()
			if err != nil {
				return evalError(c.ErrOrStderr(), e, orOther(err, o.Sources))
			}
			if asJSON {
				return printEvaluationJSON(c.OutOrStdout(), *e)
			}
			return printEvaluation(c.OutOrStdout(), e)
		},
	}
	f := c.Flags()
	f.StringVar(&o.Labels, "labels", "", "labelled Parquet: a path or URI")
	f.StringVar(&o.Split, "split", "", "take only rows of this split (default: all rows)")
	f.StringVar(&o.Model, "model", "", "bundle: a path or URI (default: the one in the program)")
	f.StringVar(&o.Vocab, "vocab", "", "vocabulary Parquet: a path or URI (default: the one in the program)")
	f.BoolVar(&o.ForceVocab, "force-vocab", false, "use the vocabulary although it seems to be from another label space")
	f.IntSliceVar(&o.Ks, "k", []int{3, 5}, "K of precision, recall and F1, comma-separated")
	f.StringVar(&o.PerTag, "per-tag", "", "write a Parquet file with a row for each tag to this path or URI")
	f.StringVar(&o.Report, "report", "", "write everything, tags included, as JSON to this path or URI")
	addAccess(c, &o.Access, "remote labels")
	f.Float64Var(&o.MaxRejectRate, "max-reject-rate", 0.1, "share of rows that may be rejected, 0 to 1; over it there is no result")
	addCompute(c, &o.Compute)
	f.BoolVar(&asJSON, "json", false, "print the result as JSON, without the tags")
	required(c, "labels")
	return c
}

// watchCounting is watch for a job that only counts: its bar begins with the
// first count, not with a plan.
func watchCounting(w *os.File, name string) (show engine.Handler, done func()) {
	if !term.IsTerminal(int(w.Fd())) {
		return newLines(w).show, func() {}
	}
	b := newBar(w)
	return func(e engine.Event) {
		if p, counts := e.(engine.Progress); counts && b.bar == nil {
			b.begin(p.Total, name)
		}
		b.show(e)
	}, b.done
}

// evalError words an error with its cure. Over the reject budget, images that
// could not be read are named first.
func evalError(w io.Writer, e *evaluate.Evaluation, err error) error {
	switch {
	case errors.Is(err, jobs.ErrRejectBudget):
		for _, r := range e.Rejects.First {
			fmt.Fprintf(w, "row %d, %s: %s: %s\n", r.Row, r.URI, r.Code, r.Message)
		}
		return hinted{err, "look at the images named above, or allow more with --max-reject-rate"}
	case errors.Is(err, columnar.ErrCorrupt):
		return hinted{err, "labels are a Parquet file with the columns uri (string) and positives (list of strings)"}
	}
	return err
}
