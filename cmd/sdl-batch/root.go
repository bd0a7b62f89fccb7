package main

import (
	"errors"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const about = `sdl-batch labels image lakes. From a manifest of image URIs it runs a zero-shot
multi-label model in batches and writes ranked seen and unseen tags, and every
image's embedding matrix, as Parquet tables that a warehouse reads as they are.

A first run, with the model and vocabulary that the program carries:

  find photos -name '*.jpg' > images.txt
  sdl-batch run --manifest images.txt --output out

With a model of your own:

  sdl-batch vocab import --classes classes.pickle --unseen unseen_classes.pickle \
      --vectors wordvec_array.pickle --output vocab.parquet
  sdl-batch model import --checkpoint model.pth --output bundle --vocab vocab.parquet
  sdl-batch run --manifest s3://lake/images.csv --output s3://lake/labels \
      --model bundle --vocab vocab.parquet

The same command again goes on where it stopped.`

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:           "sdl-batch",
		Short:         "Label image lakes with ranked seen and unseen tags",
		Long:          about + "\n\n" + exitHelp,
		Version:       version + " " + runtime.GOOS + "/" + runtime.GOARCH,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noArgs,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },

		PersistentPreRunE: nothingEmpty,
	}
	root.SetFlagErrorFunc(flagError)
	root.CompletionOptions.HiddenDefaultCmd = false
	root.AddCommand(newRun(), newEval(), newVerify(), newGC(), newModel(), newVocab(), newManifest(), newLabels(), newTrain(), newPromote(), newDemo(), newDoctor(), newDoctorDevice(), newReread())
	return root
}

// flagError words a wrong flag.
func flagError(_ *cobra.Command, err error) error {
	var wrong *pflag.InvalidValueError
	if errors.As(err, &wrong) {
		return usage("--%s %q: want %s", wrong.GetFlag().Name, wrong.GetValue(), kindsOfValue[wrong.GetFlag().Value.Type()])
	}
	return usageError{err}
}

// kindsOfValue are the types of flags in words.
var kindsOfValue = map[string]string{
	"int": "a whole number", "int64": "a whole number", "float64": "a number", "bool": "true or false", "stringSlice": "names, comma-separated",
	"intSlice": "whole numbers, comma-separated", "float64Slice": "numbers, comma-separated",
	"uint64": "a whole number, 0 or more", "duration": "a time as 90s or 10m",
}

// noArgs, exactArgs: like cobra's, as usage errors.
func noArgs(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		if c.HasSubCommands() {
			return usage("unknown command %q for %q%s", args[0], c.CommandPath(), suggest(c, args[0]))
		}
		return usage("%s takes no argument, got %q%s", c.CommandPath(), args[0], meantHosts(c, args))
	}
	return nil
}

func suggest(c *cobra.Command, name string) string {
	c.SuggestionsMinimumDistance = 2
	if near := c.SuggestionsFor(name); len(near) > 0 {
		return "; did you mean " + strings.Join(near, " or ") + "?"
	}
	return ""
}

func exactArgs(what ...string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) != len(what) {
			return usage("%s takes %s, and nothing else, as arguments; it got %d", c.CommandPath(), strings.Join(what, " and "), len(args))
		}
		return nil
	}
}

// nothingEmpty refuses texts that were given and are empty, as a variable that is
// not set leaves them: --model "$MODEL" would otherwise mean the model in the
// program.
func nothingEmpty(c *cobra.Command, args []string) (err error) {
	c.Flags().Visit(func(f *pflag.Flag) {
		if f.Value.Type() == "string" && f.Value.String() == "" {
			err = usage("--%s was given and is empty; leave it out for its default", f.Name)
		}
	})
	if slices.Contains(args, "") && !c.DisableFlagParsing { // which a shell that asks for completion has
		return usage("%s got an argument that is empty", c.CommandPath())
	}
	return err
}

// required marks flags that a command cannot do without.
func required(c *cobra.Command, names ...string) {
	c.PreRunE = func(c *cobra.Command, _ []string) error {
		for _, name := range names {
			if !c.Flags().Changed(name) {
				return usage("%s needs --%s", c.CommandPath(), name)
			}
		}
		return nil
	}
}
