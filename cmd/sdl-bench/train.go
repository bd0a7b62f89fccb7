package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/sdl-batch/sdl-batch/jobs/bench"
	"github.com/sdl-batch/sdl-batch/model/tresnet"
)

// training are the flags of a training step.
type training struct {
	batch, size, threads, steps, warmUp int
	rounds                              int
	python, script                      string
}

func (t *training) flags(c *cobra.Command) {
	f := c.Flags()
	f.IntVar(&t.batch, "batch", 8, "images a step")
	f.IntVar(&t.size, "size", 224, "side of the images in pixels")
	f.IntVar(&t.threads, "threads", runtime.GOMAXPROCS(0), "threads of either program")
	f.IntVar(&t.steps, "steps", 5, "timed steps a round")
	f.IntVar(&t.warmUp, "warmup", 2, "steps before them")
}

func newTrain() *cobra.Command {
	t := &training{}
	c := &cobra.Command{
		Use:   "train",
		Short: "A training step of TResNet-M beside PyTorch's, in turns",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return t.compare(c.Context(), c.OutOrStdout()) },
	}
	t.flags(c)
	c.Flags().IntVar(&t.rounds, "rounds", 3, "how often each takes its turn")
	c.Flags().StringVar(&t.python, "python", "/usr/bin/python3", "interpreter with torch (Debian: python3-torch)")
	c.Flags().StringVar(&t.script, "peer", "docs/bench/train_step.py", "the peer's script")
	return c
}

// newTrainStep measures in a process of its own, so that memory is its own.
func newTrainStep() *cobra.Command {
	t := &training{}
	c := &cobra.Command{
		Use: "train-step", Hidden: true, Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			b := bench.TrainStep{
				Architecture: tresnet.M.With(7, 300, t.size), Batch: t.batch, Classes: 925, Positives: 5, Steps: t.steps, WarmUp: t.warmUp,
			}
			b.Threads, b.LibraryEnv, b.Device = t.threads, os.Getenv("SDL_ORT_LIB"), "cpu"
			r, err := b.Run(c.Context())
			if err != nil {
				return err
			}
			return json.NewEncoder(c.OutOrStdout()).Encode(r)
		},
	}
	t.flags(c)
	return c
}

// compare lets both take turns and prints medians over the rounds.
func (t *training) compare(ctx context.Context, w io.Writer) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	args := []string{
		"--batch", strconv.Itoa(t.batch), "--size", strconv.Itoa(t.size), "--threads", strconv.Itoa(t.threads),
		"--steps", strconv.Itoa(t.steps), "--warmup", strconv.Itoa(t.warmUp),
	}
	var ours, theirs []bench.Result
	for range t.rounds {
		one, err := measure(ctx, self, append([]string{"train-step"}, args...))
		if err != nil {
			return err
		}
		other, err := measure(ctx, t.python, append([]string{t.script}, args...))
		if err != nil {
			return fmt.Errorf("%w (the peer needs Debian's python3-torch)", err)
		}
		ours, theirs = append(ours, one), append(theirs, other)
	}
	return t.print(w, ours, theirs)
}

func measure(ctx context.Context, program string, args []string) (bench.Result, error) {
	c := exec.CommandContext(ctx, program, args...)
	c.Stderr = os.Stderr
	out, err := c.Output()
	if err != nil {
		return bench.Result{}, fmt.Errorf("%s: %w", program, err)
	}
	var r bench.Result
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &r); err != nil {
		return r, fmt.Errorf("%s: %w", program, err)
	}
	return r, nil
}

func (t *training) print(w io.Writer, ours, theirs []bench.Result) error {
	fmt.Fprintf(w, "A training step of TResNet-M: %d images of %d pixels, %d threads; medians of %d rounds of %d steps in turns.\n\n",
		t.batch, t.size, t.threads, t.rounds, t.steps)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "\tseconds a step\timages/s\tpeak MiB")
	line := func(name string, r []bench.Result) (rate, peak float64) {
		rate = median(r, func(r bench.Result) float64 { return r.PerSecond })
		peak = median(r, func(r bench.Result) float64 { return r.PeakMiB })
		fmt.Fprintf(table, "%s\t%.3f\t%.2f\t%.0f\n", name, median(r, func(r bench.Result) float64 { return r.Median }), rate, peak)
		return rate, peak
	}
	rate, peak := line("sdl-batch", ours)
	other, room := line("PyTorch", theirs)
	fmt.Fprintf(table, "ratio\t\t%.2f\t%.2f\n", rate/other, peak/room)
	return table.Flush()
}

func median(results []bench.Result, of func(bench.Result) float64) float64 {
	var values []float64
	for _, r := range results {
		values = append(values, of(r))
	}
	slices.Sort(values)
	return values[len(values)/2]
}
