package main

import (
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/sdl-batch/sdl-batch/jobs/bench"
)

func newScenes() *cobra.Command {
	b := bench.Scenes{}
	c := &cobra.Command{
		Use:   "scenes",
		Short: "How well a model finds unseen tags on scenes that it was not trained on",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			b.LibraryEnv = os.Getenv("SDL_ORT_LIB")
			r, err := b.Run(c.Context())
			if err != nil {
				return err
			}
			return printScenes(c.OutOrStdout(), r)
		},
	}
	c.Flags().StringVar(&b.Model, "model", "", "bundle (default: the one in the program)")
	c.Flags().Int64Var(&b.Seed, "seed", 1<<32, "seed of the scenes")
	c.Flags().IntVar(&b.Images, "images", 2000, "scenes to draw")
	return c
}

func printScenes(w io.Writer, r *bench.SceneResult) error {
	fmt.Fprintf(w, "model %s on %d scenes; unseen tags, average precision over all scenes in percent.\n\n", r.ModelID, r.Images)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "unseen tags\ttags\tchance\tnearest seen tag\tmAP\tmAP / chance\tworst tag")
	for _, g := range r.Groups {
		fmt.Fprintf(t, "%s\t%d\t%.1f\t%.1f\t%.1f\t%.1f\t%.1f\n", g.Name, g.Tags, g.Chance, g.Nearest, g.MAP, g.MAP/g.Chance, g.Smallest)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w)
	t = tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "\tmAP\tP@3\tR@3\tF1@3\tP@5\tR@5\tF1@5")
	for _, task := range []string{"zsl", "gzsl", "seen"} {
		fmt.Fprint(t, task)
		for _, metric := range []string{"map", "p@3", "r@3", "f1@3", "p@5", "r@5", "f1@5"} {
			v, err := r.Report.Metric(task + "." + metric)
			if err != nil {
				return err
			}
			fmt.Fprintf(t, "\t%.1f", v)
		}
		fmt.Fprintln(t)
	}
	return t.Flush()
}

func newClaims() *cobra.Command {
	b := bench.Claims{}
	c := &cobra.Command{
		Use:   "claims",
		Short: "Train with and without the parts of the method, over several seeds",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			b.LibraryEnv = os.Getenv("SDL_ORT_LIB")
			b.Done = func(r bench.ClaimRun) {
				fmt.Fprintf(os.Stderr, "%s, seed %d: seen %.1f, unseen %.1f, GZSL F1@3 %.1f, in %.0f s\n", r.Variant, r.Seed, r.Seen, r.Unseen, r.F1, r.Seconds)
			}
			runs, err := b.Run(c.Context())
			if err != nil {
				return err
			}
			return printClaims(c.OutOrStdout(), b, runs)
		},
	}
	f := c.Flags()
	f.StringVar(&b.Net, "net", "new:1,1,1,1x0.125", "network, as --init of train")
	f.IntVar(&b.Train, "train", 3000, "scenes to train on")
	f.IntVar(&b.Test, "test", 2000, "scenes to measure on")
	f.IntVar(&b.Epochs, "epochs", 10, "passes")
	f.IntVar(&b.Batch, "batch", 64, "images a step")
	f.Float64Var(&b.Rate, "rate", 8e-3, "largest learning rate")
	f.Int64SliceVar(&b.Seeds, "seeds", []int64{1, 2, 3}, "seeds")
	return c
}

func printClaims(w io.Writer, b bench.Claims, runs []bench.ClaimRun) error {
	fmt.Fprintf(w, "%s, %d scenes, %d epochs, %d seeds; percent, mean ± half the range over the seeds.\n\n", b.Net, b.Train, b.Epochs, len(b.Seeds))
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "\tseen mAP\tunseen mAP\tGZSL mAP\tGZSL F1@3")
	for _, v := range bench.Variants {
		fmt.Fprint(t, v.Name)
		for _, of := range []func(bench.ClaimRun) float64{
			func(r bench.ClaimRun) float64 { return r.Seen }, func(r bench.ClaimRun) float64 { return r.Unseen },
			func(r bench.ClaimRun) float64 { return r.All }, func(r bench.ClaimRun) float64 { return r.F1 },
		} {
			mean, half := spread(runs, v.Name, of)
			fmt.Fprintf(t, "\t%.1f ± %.1f", mean, half)
		}
		fmt.Fprintln(t)
	}
	return t.Flush()
}

// spread is the mean and half the range over a variant's seeds.
func spread(runs []bench.ClaimRun, variant string, of func(bench.ClaimRun) float64) (mean, half float64) {
	var values []float64
	for _, r := range runs {
		if r.Variant == variant {
			values = append(values, of(r))
			mean += of(r)
		}
	}
	if len(values) == 0 {
		return math.NaN(), math.NaN()
	}
	return mean / float64(len(values)), (slices.Max(values) - slices.Min(values)) / 2
}
