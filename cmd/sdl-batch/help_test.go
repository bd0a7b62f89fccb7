package main

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sdl-batch/sdl-batch/model/golden"
)

// eachCommand calls do with every command that help shows, but cobra's own.
func eachCommand(c *cobra.Command, do func(*cobra.Command)) {
	if c.Hidden {
		return
	}
	do(c)
	for _, inner := range c.Commands() {
		eachCommand(inner, do)
	}
}

func TestEveryCommandTeaches(t *testing.T) {
	eachCommand(newRoot(), func(c *cobra.Command) {
		if c.Short == "" || c.Long == "" || c.HasParent() && c.Example == "" {
			t.Errorf("%s lacks a Short, a Long or an Example", c.CommandPath())
		}
		c.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if shown, _ := pflag.UnquoteUsage(f); strings.Contains(shown, "Slice") || strings.Contains(shown, "Array") {
				t.Errorf("%s --%s shows the type %s", c.CommandPath(), f.Name, shown)
			}
			if kind := f.Value.Type(); kindsOfValue[kind] == "" && !slices.Contains([]string{"string", "stringArray"}, kind) && f.Name != "allow-http" {
				t.Errorf("%s --%s: no words for a value of type %s", c.CommandPath(), f.Name, kind)
			}
		})
	})
}

// TestExamplesAreAccepted parses what help and README show: commands, flags and
// arguments are there, and nothing that is required is missing.
func TestExamplesAreAccepted(t *testing.T) {
	_, examples, _ := strings.Cut(about, "\n\n") // behind a sentence that begins with the name
	texts := map[string]string{"sdl-batch": examples}
	eachCommand(newRoot(), func(c *cobra.Command) { texts[c.CommandPath()] += "\n" + c.Example })
	readme, err := os.ReadFile(filepath.Join(golden.Repository(), "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	texts["README.md"] = string(readme)
	count := 0
	for from, text := range texts {
		for _, words := range commandsIn(text) {
			count++
			if err := accepts(words); err != nil {
				t.Errorf("%s: %q: %v", from, words, err)
			}
		}
	}
	if count < 60 {
		t.Errorf("only %d examples were found", count)
	}
}

// word is one word of a shell's command line, of parts that are quoted or bare.
var word = regexp.MustCompile(`(?:'[^']*'|"[^"]*"|[^\s'"])+`)

// commandsIn are the lines of a text that call the program, as words.
func commandsIn(text string) (commands [][]string) {
	text = regexp.MustCompile(`\\\n\s*`).ReplaceAllString(text, "")
	for line := range strings.Lines(text) {
		words := word.FindAllString(line, -1)
		if len(words) < 2 || words[0] != "sdl-batch" {
			continue
		}
		for i, w := range words {
			words[i] = strings.NewReplacer("'", "", `"`, "").Replace(w)
		}
		commands = append(commands, words[1:])
	}
	return commands
}

// accepts goes the way of a command line up to the work.
func accepts(words []string) error {
	c, rest, err := newRoot().Find(words)
	if err != nil {
		return err
	}
	if err := c.ParseFlags(rest); errors.Is(err, pflag.ErrHelp) {
		return nil
	} else if err != nil {
		return err
	}
	if err := c.ValidateArgs(c.Flags().Args()); err != nil {
		return err
	}
	if c.PreRunE != nil {
		return c.PreRunE(c, nil)
	}
	return nil
}
