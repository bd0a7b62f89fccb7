package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/sdl-batch/sdl-batch/jobs/labelimport"
)

// printImported tells what an import wrote and what it could not join; all names
// of that are in a file, if it has a name.
func printImported(w io.Writer, d *labelimport.Imported, file string) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "labels\t%s\n", d.Output)
	fmt.Fprintf(t, "images\t%d: %d with positives, %d without%s\n", d.Images, d.Labelled, d.Images-d.Labelled, importedSplits(d.Splits))
	fmt.Fprintf(t, "tags\t%d: %.2f positives an image\n", d.Tags, float64(d.Positives)/float64(d.Images))
	if d.Partial {
		fmt.Fprintf(t, "partial\t%.2f negatives an image; every other tag is unknown\n", float64(d.Negatives)/float64(d.Images))
	} else {
		fmt.Fprintf(t, "complete\tevery tag that is not positive is negative\n")
	}
	for _, note := range noteWords(d.Notes) {
		fmt.Fprintf(t, "%s\n", note)
	}
	for _, u := range d.Unjoined {
		fmt.Fprintf(t, "not joined\t%s\n", unjoinedWords(u))
	}
	if len(d.Unjoined) > 0 && file != "" {
		fmt.Fprintf(t, "\tall of them are in %s\n", file)
	}
	return t.Flush()
}

// importedSplits counts the images of each split, where there are any.
func importedSplits(splits map[string]int64) string {
	if len(splits) == 1 && splits[""] > 0 {
		return ""
	}
	var words []string
	for _, split := range slices.Sorted(maps.Keys(splits)) {
		name := split
		if name == "" {
			name = "of no split"
		}
		words = append(words, fmt.Sprintf("%d %s", splits[split], name))
	}
	return "; " + strings.Join(words, ", ")
}

func noteWords(n labelimport.Notes) (words []string) {
	add := func(count int64, format string, args ...any) {
		if count > 0 {
			words = append(words, fmt.Sprintf(format, args...))
		}
	}
	add(n.Annotations, "annotations\t%d, %d of them of crowds", n.Annotations, n.Crowds)
	add(n.Labels, "read\t%s", counted(int(n.Labels), "label"))
	add(n.Uncertain, "uncertain\t%s neither 0 nor 1, left out", counted(int(n.Uncertain), "label"))
	add(n.Conflicts, "conflicts\t%s both true and not true of an image, taken as true", counted(int(n.Conflicts), "tag"))
	add(n.LeftOut, "left out\t%s in neither list", counted(int(n.LeftOut), "image"))
	return words
}

// unjoinedKinds are the kinds of names that could not be joined, in words.
var unjoinedKinds = map[string]string{
	labelimport.UnknownTag:   "%s that the vocabulary does not have",
	labelimport.MissingTag:   "%s of the vocabulary that the set does not have",
	labelimport.UnnamedClass: "%s without a name",
	labelimport.UnknownImage: "%s that the set does not list",
	labelimport.NoSplit:      "%s in neither list",
}

var unjoinedNouns = map[string]string{
	labelimport.UnknownTag: "tag", labelimport.MissingTag: "tag", labelimport.UnnamedClass: "class",
	labelimport.UnknownImage: "image", labelimport.NoSplit: "image",
}

func unjoinedWords(u labelimport.Unjoined) string {
	noun := counted(u.Names, unjoinedNouns[u.Kind])
	if u.Kind == labelimport.UnnamedClass && u.Names != 1 {
		noun = fmt.Sprintf("%d classes", u.Names)
	}
	var names []string
	for _, n := range u.First[:min(len(u.First), maxShown)] {
		if n.Uses > 0 {
			names = append(names, fmt.Sprintf("%s (%d)", n.Name, n.Uses))
		} else {
			names = append(names, n.Name)
		}
	}
	if u.Names > len(names) {
		names = append(names, "…")
	}
	return fmt.Sprintf(unjoinedKinds[u.Kind], noun) + ": " + strings.Join(names, ", ")
}
