// Command sdl-bench measures sdl-batch beside what a user would run instead, in
// turns and on the same machine, and prints ratios. docs/benchmarks.md has
// figures that it gave.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	root := &cobra.Command{
		Use:           "sdl-bench",
		Short:         "Measure sdl-batch beside its peers",
		SilenceErrors: true, SilenceUsage: true,
	}
	root.AddCommand(newTrain(), newTrainStep(), newScenes(), newClaims(), newPlan(), newPlanOne())
	if err := root.ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "sdl-bench: error:", err)
		os.Exit(1)
	}
}
