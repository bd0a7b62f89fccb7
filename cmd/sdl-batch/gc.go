package main

import (
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/sdl-batch/sdl-batch/jobs/engine"
	"github.com/sdl-batch/sdl-batch/jobs/gc"
)

func newGC() *cobra.Command {
	var o gc.Options
	var olderThan string
	var asJSON bool
	c := &cobra.Command{
		Use:   "gc D [--run-id R]",
		Short: "Remove what killed, losing and finished attempts left in a dataset",
		Long: `Remove files of a dataset that nobody will use:

  - attempts of committed runs, whose files are published; in object stores these
    are second copies, on local disks second names
  - attempts at shards that another attempt finished first
  - everything but the records of runs that were abandoned
  - of killed writers: unfinished files on local disks and uploads in parts on S3,
    probes, and rows of manifests that no plan names

It may run at any time, beside runs, commits and itself, and be killed at any time.
Published tables, plans, receipts and commits stay. A run that is neither committed
nor abandoned keeps every file of shards that are not done, however old: to be rid
of one that will not be finished, give it up with --abandon. An abandoned run is
never resumed or committed, and its id never used again.`,
		Example: `  sdl-batch gc out --dry-run
  sdl-batch gc s3://lake/labels --older-than 3d --json
  sdl-batch gc out --run-id nightly-42 --abandon`,
		Args: exactArgs("a dataset"),
		RunE: func(c *cobra.Command, args []string) error {
			age, ok := parseAgo(olderThan)
			if !ok {
				return usage("--older-than %q: want an age as 36h or 7d", olderThan)
			}
			if o.Abandon && o.RunID == "" {
				return usage("--abandon gives up one run: name it with --run-id")
			}
			o.Dataset, o.OlderThan, o.Program = args[0], age, program()
			show, done := watchCounts(os.Stderr, gcWords)
			found, err := gc.Run(c.Context(), o, show)
			done()
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(c.OutOrStdout(), found)
			}
			return printCollected(c.OutOrStdout(), found, olderThan)
		},
	}
	f := c.Flags()
	f.StringVar(&o.RunID, "run-id", "", "run to look at (default: all)")
	f.StringVar(&olderThan, "older-than", days(gc.DefaultOlderThan), "age (as 36h or 7d) from which unfinished writes, probes and rows without a plan are taken for those of the dead")
	f.BoolVar(&o.Abandon, "abandon", false, "give the run up, for good, unless it is committed")
	f.BoolVar(&o.DryRun, "dry-run", false, "tell what would be removed, and remove nothing")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func days(d time.Duration) string { return fmt.Sprintf("%dd", d/(24*time.Hour)) }

// gcWords says how far a collection is.
func gcWords(e engine.Event) string {
	p, _ := e.(gc.Progress)
	return fmt.Sprintf("%d files removed (%s), %s looked at", p.Removed.Files, bytesText(p.Removed.Bytes), counted(p.Runs, "run"))
}

func printCollected(w io.Writer, s *gc.Summary, olderThan string) error {
	removed := "removed"
	if s.DryRun {
		removed = "would remove"
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "dataset\t%s, %s\n", s.Dataset, counted(s.Runs, "run"))
	fmt.Fprintf(t, "%s\t%s", removed, filesText(s.Removed))
	if s.Unfinished > 0 {
		fmt.Fprintf(t, ", %d of them unfinished", s.Unfinished)
	}
	fmt.Fprintln(t)
	for i, r := range s.Touched {
		if i == maxShown*10 {
			fmt.Fprintf(t, "\t… and %s; --json lists them all\n", counted(len(s.Touched)-i, "more run"))
			break
		}
		fmt.Fprintf(t, "run %s\t%s\n", r.RunID, strings.Join(runWords(r, olderThan), "; "))
	}
	for _, warning := range s.Warnings {
		fmt.Fprintf(t, "warning\t%s\n", warning)
	}
	return t.Flush()
}

// runWords says what became of a run's files.
func runWords(r gc.RunSummary, olderThan string) []string {
	words := []string{string(r.State)}
	if r.Why != "" {
		words[0] += " (" + r.Why + ")"
	}
	if r.Removed.Files > 0 {
		words = append(words, filesText(r.Removed))
	}
	for _, why := range slices.Sorted(maps.Keys(r.Left)) {
		words = append(words, "left "+filesText(r.Left[why])+" "+leftWords[why](olderThan))
	}
	return words
}

// leftWords say why files stay.
var leftWords = map[gc.Reason]func(olderThan string) string{
	gc.OfLiveShards: func(string) string { return "of shards that are not done: run goes on with it, --abandon gives it up" },
	gc.TooYoung:     func(age string) string { return "younger than " + age },
	gc.OnlyCopy:     func(string) string { return "that may be the only copy of what is missing" },
	gc.NotKnown:     func(string) string { return "whose records this program cannot judge" },
}

func filesText(c gc.Count) string {
	return fmt.Sprintf("%s (%s)", counted(int(c.Files), "file"), bytesText(c.Bytes))
}
