package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/sdl-batch/sdl-batch/jobs/demo"
	"github.com/sdl-batch/sdl-batch/storage/columnar"
)

func newDemo() *cobra.Command {
	o := demo.Options{}
	c := &cobra.Command{
		Use:   "demo",
		Short: "Draw scenes, label them and show the result",
		Long: `Draw scenes of coloured and patterned shapes, label them with the model and
vocabulary that the program carries, and print what was found beside what was
drawn. The scenes, the manifest and the dataset stay in the folder.`,
		Example: `  sdl-batch demo
  sdl-batch demo --output shapes --scenes 50 --seed 7`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if o.Scenes < 1 || o.Scenes > 10000 {
				return usage("--scenes %d: want 1 to 10000", o.Scenes)
			}
			o.Program, o.LibraryEnv = program(), os.Getenv("SDL_ORT_LIB")
			show, done := watch(os.Stderr)
			result, err := demo.Run(c.Context(), o, show)
			done()
			if err != nil {
				return err
			}
			return printDemo(c.OutOrStdout(), result, o.Folder)
		},
	}
	f := c.Flags()
	f.StringVar(&o.Folder, "output", "sdl-demo", "folder for scenes, manifest and dataset; made when missing")
	f.IntVar(&o.Scenes, "scenes", 12, "how many scenes to draw")
	f.Int64Var(&o.Seed, "seed", 1, "seed of the scenes")
	addCompute(c, &o.Compute)
	c.AddCommand(newDemoScenes())
	return c
}

func printDemo(w io.Writer, r demo.Result, folder string) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "SCENE\tDRAWN\tFOUND, SEEN IN TRAINING\tFOUND, UNSEEN\n")
	for _, i := range r.Images {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", i.File, strings.Join(i.Truth, " "), ranked(i.Seen, i.Truth), ranked(i.Unseen, i.Truth))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(w, "\nA * marks a tag that is true of the scene.\n")
	if r.Summary.Untrained {
		fmt.Fprintf(w, "The model in this program is seeded and untrained: its tags are noise, and show the job, not the method.\n")
	}
	fmt.Fprintf(w, "Scenes and manifest are in %s; %s shows them.\n\n", folder, r.Page)
	return printSummary(w, r.Summary, false)
}

// ranked joins tags, best first, and marks the true ones.
func ranked(tags []columnar.RankedTag, truth []string) string {
	var words []string
	for _, t := range tags {
		word := t.Tag
		if slices.Contains(truth, t.Tag) {
			word += "*"
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}
