package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/sdl-batch/sdl-batch/jobs/bench"
)

func newPlan() *cobra.Command {
	var rows []int64
	var kinds []string
	c := &cobra.Command{
		Use:   "plan",
		Short: "Seconds and memory that planning a run takes, by the manifest's format and rows",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return plan(c.Context(), c.OutOrStdout(), kinds, rows) },
	}
	c.Flags().Int64SliceVar(&rows, "rows", []int64{1_000_000, 10_000_000}, "rows of the manifests")
	c.Flags().StringSliceVar(&kinds, "kinds", []string{"txt", "csv.gz", "jsonl.zst", "parquet"}, "ends of their names")
	return c
}

// newPlanOne measures in a process of its own, so that memory is its own.
func newPlanOne() *cobra.Command {
	var b bench.Plan
	c := &cobra.Command{
		Use: "plan-one", Hidden: true, Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			r, err := b.Run(c.Context())
			if err != nil {
				return err
			}
			return json.NewEncoder(c.OutOrStdout()).Encode(r)
		},
	}
	c.Flags().StringVar(&b.Manifest, "manifest", "", "")
	c.Flags().StringVar(&b.Output, "output", "", "")
	return c
}

func plan(ctx context.Context, w io.Writer, kinds []string, rows []int64) error {
	fmt.Fprint(w, "Planning a run and reading its rows, in a process for each; peak of its resident memory.\n\n")
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "manifest\trows\tMB\tshards\tplan, s\tpeak MiB\tread, s\tpeak MiB")
	for _, kind := range kinds {
		for _, n := range rows {
			r, err := planOne(ctx, kind, n)
			if err != nil {
				return err
			}
			fmt.Fprintf(t, "%s\t%d\t%.0f\t%d\t%.1f\t%.0f\t%.1f\t%.0f\n", kind, r.Rows, float64(r.Bytes)/1e6, r.Shards, r.Plan, r.PlanMiB, r.Read, r.PeakMiB)
		}
	}
	return t.Flush()
}

func planOne(ctx context.Context, kind string, rows int64) (r bench.PlanResult, err error) {
	folder, err := os.MkdirTemp("", "sdl-bench-")
	if err != nil {
		return r, err
	}
	defer os.RemoveAll(folder)
	manifest := filepath.Join(folder, "images."+kind)
	if err := bench.WriteManifest(manifest, rows); err != nil {
		return r, err
	}
	self, err := os.Executable()
	if err != nil {
		return r, err
	}
	child := exec.CommandContext(ctx, self, "plan-one", "--manifest", manifest, "--output", filepath.Join(folder, "out"))
	child.Stderr = os.Stderr
	out, err := child.Output()
	if err != nil {
		return r, fmt.Errorf("%s, %d rows: %w", kind, rows, err)
	}
	return r, json.Unmarshal(out, &r)
}
