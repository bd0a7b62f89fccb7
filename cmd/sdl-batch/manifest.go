package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/sdl-batch/sdl-batch/jobs/engine"
	"github.com/sdl-batch/sdl-batch/jobs/listing"
)

func newManifest() *cobra.Command {
	c := &cobra.Command{
		Use:     "manifest",
		Short:   "Make lists of images",
		Long:    "A manifest lists the images that a run labels, a row each.",
		Example: "  sdl-batch manifest build s3://lake/photos/ --output tonight.parquet --since 24h",
		Args:    noArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newManifestBuild())
	return c
}

func newManifestBuild() *cobra.Command {
	var o listing.Options
	var since string
	var asJSON bool
	c := &cobra.Command{
		Use:   "build SRC --output M",
		Short: "List the images of a folder or a pattern, in any store",
		Long: `List images into a manifest: Parquet with the columns uri, size, version and
modified, in the order of the names. SRC is a folder, taken with all folders in it,
or a pattern in which

  *      stands for any characters of a name, ? for one
  **     for any folders, be it none
  [a-z]  for one of a class, [!a-z] for one not in it
  {a,b}  for one of several; \ takes the next character as it is

and of which the part before the first of them narrows the listing. Of what is found
images are taken, told by name: ` + strings.Join(listing.Extensions, " ") + `
in upper or lower case. Other names, and those with a part that begins with a dot, are
passed over and counted; --all takes them, too. On disks links to files are followed,
links to folders are not.

URIs are absolute and byte for byte what run reads, but have no options: an
endpoint of SRC must stand in the URI of the manifest, too, or in the environment.
A name of M that ends with .jsonl gives a JSON object a line, one with .txt a URI a
line. The file appears when it is whole.`,
		Example: `  sdl-batch manifest build s3://lake/photos/ --output tonight.parquet --since 36h
  sdl-batch manifest build 'photos/**/*.{jpg,png}' --output photos.parquet --exclude '**/thumbs/**'
  sdl-batch manifest build s3://lake/photos/ --output s3://lake/try.parquet --sample 1000 --seed 7`,
		Args: exactArgs("a folder or a pattern"),
		RunE: func(c *cobra.Command, args []string) error {
			if o.Sample < 0 || c.Flags().Changed("sample") && o.Sample == 0 {
				return usage("--sample %d: want 1 or more", o.Sample)
			}
			if c.Flags().Changed("seed") && o.Sample == 0 {
				return usage("--seed chooses a sample: give --sample, too")
			}
			var err error
			if o.Since, err = parseSince(since, time.Now()); err != nil {
				return err
			}
			o.Source, o.Program = args[0], program()
			show, done := watchCounts(os.Stderr, listingWords)
			found, err := listing.Run(c.Context(), o, show)
			done()
			if err != nil {
				return listingError(found, err)
			}
			if asJSON {
				return printJSON(c.OutOrStdout(), found)
			}
			return printListed(c.OutOrStdout(), found)
		},
	}
	f := c.Flags()
	f.StringVar(&o.Output, "output", "", "manifest to write, .parquet, .jsonl or .txt: a path or URI")
	f.StringVar(&since, "since", "", "leave out what was last written before: 2026-11-25 (UTC), 2026-11-25T02:15:00Z, or so long ago as 36h or 7d (default: none)")
	f.Int64Var(&o.Sample, "sample", 0, "take so many images at random, kept in memory (default: all)")
	f.Uint64Var(&o.Seed, "seed", 1, "seed of the sample; the same listing and seed give the same sample")
	f.StringArrayVar(&o.Exclude, "exclude", nil, "leave out names, from SRC's folder on, that match this `pattern`; may be repeated (default: none)")
	f.BoolVar(&o.All, "all", false, "take objects of any name, hidden ones too")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	required(c, "output")
	return c
}

// parseSince reads a point in time: a day, which begins in UTC, a time, or how
// long ago it was.
func parseSince(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if at, err := time.Parse(layout, text); err == nil {
			if at.After(now) {
				return at, usage("--since %s lies in the future", text)
			}
			return at, nil
		}
	}
	if ago, ok := parseAgo(text); ok {
		return now.Add(-ago), nil
	}
	return time.Time{}, usage("--since %q: want a day as 2026-11-25, a time as 2026-11-25T02:15:00Z, or how long ago as 36h or 7d", text)
}

// parseAgo reads a duration above 0, also of whole days.
func parseAgo(text string) (time.Duration, bool) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 15)
		return time.Duration(n) * 24 * time.Hour, err == nil && n > 0
	}
	ago, err := time.ParseDuration(text)
	return ago, err == nil && ago > 0
}

// listingWords says how far a listing is.
func listingWords(e engine.Event) string {
	p, _ := e.(listing.Progress)
	return fmt.Sprintf("%d objects listed, %d of them for the manifest", p.Objects, p.Matched)
}

// listingError words an error with its cure.
func listingError(found *listing.Listed, err error) error {
	if !errors.Is(err, listing.ErrNothing) {
		return err
	}
	cure := "check the spelling; a folder is taken whole, a pattern has * in it (in quotes, or the shell takes it)"
	switch p := found.Passed; {
	case p.Older > 0:
		cure = fmt.Sprintf("%s, all before --since", counted(int(p.Older), "older image"))
	case p.Total() > 0:
		cure = fmt.Sprintf("passed over: %s; --all takes names of any kind", passedWords(p))
	}
	return hinted{err, cure}
}

func printListed(w io.Writer, l *listing.Listed) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "manifest\t%s\n", l.Output)
	fmt.Fprintf(t, "images\t%d: %s\n", l.Rows, bytesText(l.Bytes))
	if l.Rows < l.Matched {
		fmt.Fprintf(t, "sampled from\t%d\n", l.Matched)
	}
	if l.Passed.Total() > 0 {
		fmt.Fprintf(t, "passed over\t%s\n", passedWords(l.Passed))
	}
	return t.Flush()
}

// passedWords says what was passed over, and why.
func passedWords(p listing.Passed) string {
	var words []string
	add := func(n int64, what string) {
		if n > 0 {
			words = append(words, fmt.Sprintf("%d %s", n, what))
		}
	}
	if n := p.OtherKinds(); n > 0 {
		add(n, "not named like images ("+kindWords(p.Kinds)+")")
	}
	add(p.Hidden, "hidden")
	add(p.Excluded, "excluded")
	add(p.Older, "older")
	add(p.Unnamed, "with a name that is no UTF-8")
	return strings.Join(words, ", ")
}

// kindWords names the most frequent kinds.
func kindWords(kinds map[string]int64) string {
	names := slices.SortedFunc(maps.Keys(kinds), func(a, b string) int {
		if kinds[a] != kinds[b] {
			return int(kinds[b] - kinds[a])
		}
		return strings.Compare(a, b)
	})
	var words []string
	for _, name := range names[:min(len(names), maxShown)] {
		what := name
		if name == listing.NoExtension {
			what = "without extension"
		}
		words = append(words, fmt.Sprintf("%d %s", kinds[name], what))
	}
	if len(names) > maxShown {
		words = append(words, "…")
	}
	return strings.Join(words, ", ")
}
