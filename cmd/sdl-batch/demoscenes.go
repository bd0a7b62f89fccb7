package main

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/sdl-batch/sdl-batch/jobs/demo"
	"github.com/sdl-batch/sdl-batch/storage"
)

func newDemoScenes() *cobra.Command {
	s := demo.Set{}
	c := &cobra.Command{
		Use:   "scenes --output F",
		Short: "Draw scenes with their true tags, to train and evaluate on",
		Long: `Draw scenes into a folder, with labels.parquet, which says what is true of each,
and vocab.parquet, the vocabulary. The same seed draws the same scenes. The model in
the program was trained on such a set.`,
		Example: `  sdl-batch demo scenes --output scenes --train 2000 --val 200 --test 500
  sdl-batch train --labels scenes/labels.parquet --init new:1,1,1,1x0.25 --size 64 --output model
  sdl-batch eval --labels scenes/labels.parquet --split test --model model`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if min(s.Train, s.Validation, s.Test) < 0 {
				return usage("--train, --val and --test count scenes: want 0 or more")
			}
			if s.Train+s.Validation+s.Test < 1 {
				return usage("no scenes to draw: give --train, --val or --test")
			}
			if err := intoFolder(s.Folder); err != nil {
				return err
			}
			labels, vocab, err := s.Draw(c.Context())
			if err != nil {
				return err
			}
			t := tabwriter.NewWriter(c.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintf(t, "scenes\t%d to train on, %d to validate, %d to test\n", s.Train, s.Validation, s.Test)
			fmt.Fprintf(t, "labels\t%s\nvocabulary\t%s\n", storage.Redact(labels), storage.Redact(vocab))
			return t.Flush()
		},
	}
	f := c.Flags()
	f.StringVar(&s.Folder, "output", "", "folder of the scenes; made when missing")
	f.Int64Var(&s.Seed, "seed", 1, "seed of the scenes")
	f.IntVar(&s.Train, "train", 2000, "scenes to train on")
	f.IntVar(&s.Validation, "val", 200, "scenes to validate on")
	f.IntVar(&s.Test, "test", 500, "scenes to test on")
	required(c, "output")
	return c
}

// intoFolder refuses the URI of a store as the folder of scenes: it would be made a
// path of.
func intoFolder(folder string) error {
	if strings.Contains(folder, "://") {
		return usage("--output %s: scenes are drawn into a folder of a local disk; give its path", storage.Redact(folder))
	}
	return nil
}
