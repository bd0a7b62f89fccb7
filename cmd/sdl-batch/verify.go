package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/jobs/verify"
	"github.com/sdl-batch/sdl-batch/jobs/verify/reread"
)

func newVerify() *cobra.Command {
	var o verify.Options
	var asJSON bool
	c := &cobra.Command{
		Use:   "verify D --run-id R",
		Short: "Check a committed run with a second, independent reader",
		Long: `Check that a committed run keeps every promise: each manifest row once, as
labelled or as rejected; the files that were committed, unaltered, and no other;
plan, receipts and commit as they were sealed; tables in order; ranks that follow
from the stored embeddings and vocabulary.

Every file is read whole and hashed, so that whatever was altered after the
commit is found. What was wrong from the start is found in the contents: of each
shard, --sample rows have their ranks computed again; --all takes every row.

The tables are read by another library than the one that wrote them, Arrow files
by a reader of the program's own, in a process of its own. Of each shard a copy
lies in TMPDIR meanwhile. Broken promises are listed by file, and the exit status
is 1.`,
		Example: `  sdl-batch verify out --run-id first
  sdl-batch verify out --run-id first --all --json`,
		Args: exactArgs("a dataset"),
		RunE: func(c *cobra.Command, args []string) (err error) {
			if o.Sample < 1 {
				return usage("--sample %d: want 1 or more, or --all", o.Sample)
			}
			o.Dataset = args[0]
			if all, _ := c.Flags().GetBool("all"); all {
				o.Sample = -1
			}
			if o.Executable, err = os.Executable(); err != nil {
				return err
			}
			report, err := verify.Run(c.Context(), o)
			if report == nil {
				return err
			}
			return errors.Join(printReport(c.OutOrStdout(), report, asJSON), err)
		},
	}
	f := c.Flags()
	f.StringVar(&o.RunID, "run-id", "", "run to check")
	f.IntVar(&o.Sample, "sample", verify.DefaultSample, "rows of each shard whose ranks are computed again")
	f.Bool("all", false, "compute the ranks of every row again")
	f.BoolVar(&asJSON, "json", false, "print the report as JSON")
	required(c, "run-id")
	return c
}

// maxProblems is how many problems are printed; JSON has more.
const maxProblems = 20

func printReport(w io.Writer, r *verify.Report, asJSON bool) error {
	if asJSON {
		return printJSON(w, r)
	}
	for i, p := range r.Problems {
		if i == maxProblems {
			fmt.Fprintf(w, "… and %d more; --json lists them\n", len(r.Problems)+r.More-i)
			break
		}
		fmt.Fprintf(w, "%s: %s: %s\n", p.File, p.Check, p.Detail)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "run\t%s\n", r.RunID)
	fmt.Fprintf(t, "rows\t%d: %d labelled, %d rejected, in %s\n", r.Rows, r.OK, r.Rejected, counted(r.Shards, "shard"))
	fmt.Fprintf(t, "files\t%d (%s), digests compared\n", r.Files, bytesText(r.Bytes))
	fmt.Fprintf(t, "tags\t%d rows; ranks of %d images computed again\n", r.Tags, r.Recomputed)
	if len(r.Problems) == 0 {
		fmt.Fprintf(t, "verdict\tevery promise holds\n")
	} else {
		fmt.Fprintf(t, "verdict\t%s\n", counted(len(r.Problems)+r.More, "problem"))
	}
	return t.Flush()
}

// newReread is the child that verify starts.
func newReread() *cobra.Command {
	return &cobra.Command{
		Use: reread.Command, Hidden: true, Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if status := reread.Main(c.InOrStdin(), c.OutOrStdout()); status != 0 {
				return fmt.Errorf("%w: the second reader gave up", jobs.ErrDamaged)
			}
			return nil
		},
	}
}
