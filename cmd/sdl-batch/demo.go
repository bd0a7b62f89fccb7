package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sdl-batch/sdl-batch/jobs/demo"
	"github.com/sdl-batch/sdl-batch/storage"
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
			if err := intoFolder(o.Folder); err != nil {
				return err
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
	for _, i := range r.Images {
		fmt.Fprintf(w, "%s\n", i.File)
		for _, line := range []struct{ what, words string }{
			{"drawn", drawn(i)}, {"seen", ranked(i.Seen, i.Truth)}, {"unseen", ranked(i.Unseen, i.Truth)},
		} {
			fmt.Fprintf(w, "  %-7s %s\n", line.what, wrapped(line.words, "\n"+strings.Repeat(" ", 10)))
		}
	}
	fmt.Fprintf(w, "\nDrawn is what is true of a scene; [tags] in brackets were never shown in training. Seen and unseen are the best\n"+
		"tags that were found, best first; a * marks those that are true.\n")
	if r.Summary.Untrained {
		fmt.Fprintf(w, "The model in this program is seeded and untrained: its tags are noise, and show the job, not the method.\n")
	}
	fmt.Fprintf(w, "Scenes and manifest are in %s; %s shows them.\n\n", storage.Redact(folder), storage.Redact(r.Page))
	return printSummary(w, r.Summary, false)
}

// drawn joins the tags that are true of a scene, unseen ones in brackets.
func drawn(i demo.Image) string {
	words := slices.Clone(i.Truth)
	for at, tag := range words {
		if i.IsUnseen(tag) {
			words[at] = "[" + tag + "]"
		}
	}
	return strings.Join(words, " ")
}

// textWidth is where lines of words are broken.
const textWidth = 92

// wrapped breaks a line between words.
func wrapped(text, newline string) string {
	var out strings.Builder
	length := 0
	for i, word := range strings.Fields(text) {
		switch {
		case i > 0 && length+1+len(word) > textWidth:
			out.WriteString(newline)
			length = 0
		case i > 0:
			out.WriteString(" ")
			length++
		}
		out.WriteString(word)
		length += len(word)
	}
	return out.String()
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
