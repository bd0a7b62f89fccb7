package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/sdl-batch/sdl-batch/jobs/evaluate"
)

// printEvaluationJSON prints all but the tags, which may be many.
func printEvaluationJSON(w io.Writer, e evaluate.Evaluation) error {
	short := *e.Report
	short.Tags = nil
	e.Report = &short
	return printJSON(w, e)
}

// printEvaluation prints what was evaluated, and the measures side by side.
func printEvaluation(w io.Writer, e *evaluate.Evaluation) error {
	if err := printEvaluated(w, e); err != nil {
		return err
	}
	return printMeasures(w, e)
}

func printEvaluated(w io.Writer, e *evaluate.Evaluation) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "labels\t%s%s\n", e.Labels, splitWords(e.Split))
	fmt.Fprintf(t, "rows\t%d: %d evaluated, %d rejected%s\n", e.Rows, e.Images, e.Rejects.Count, leftOutWords(e))
	for _, code := range slices.Sorted(maps.Keys(e.Rejects.Codes)) {
		fmt.Fprintf(t, "\t%d %s\n", e.Rejects.Codes[code], code)
	}
	for _, r := range e.Rejects.First[:min(len(e.Rejects.First), maxShown)] {
		fmt.Fprintf(t, "\trow %d, %s: %s\n", r.Row, r.URI, r.Code)
	}
	if e.Partial > 0 {
		fmt.Fprintf(t, "partial\t%s with tags that are neither positive nor negative, and count as neither\n", counted(int(e.Partial), "image"))
	}
	if u := e.Counts.Unknown; u.Uses > 0 {
		fmt.Fprintf(t, "unknown\t%s that the vocabulary does not have: %s\n", counted(u.Tags, "tag"), unknownWords(e))
	}
	if e.ImagesPerSecond > 0 {
		fmt.Fprintf(t, "speed\t%.1f images/s on %s, %.1f s in all\n", e.ImagesPerSecond, e.Device, e.Seconds)
	}
	if e.Untrained {
		fmt.Fprintf(t, "trained\tno: the model is seeded noise, and its figures are chance\n")
	}
	return t.Flush()
}

// maxShown is how many names of a list are printed; JSON has more.
const maxShown = 5

func splitWords(split string) string {
	if split == "" {
		return ""
	}
	return ", split " + split
}

func leftOutWords(e *evaluate.Evaluation) string {
	var words []string
	if e.Counts.LeftOut > 0 {
		words = append(words, fmt.Sprintf("%d of other splits", e.Counts.LeftOut))
	}
	if e.Counts.Invalid > 0 {
		words = append(words, fmt.Sprintf("%d without an image", e.Counts.Invalid))
	}
	if len(words) == 0 {
		return ""
	}
	return " (and " + strings.Join(words, ", ") + ")"
}

func unknownWords(e *evaluate.Evaluation) string {
	var words []string
	for _, tag := range e.Counts.Unknown.Most {
		words = append(words, fmt.Sprintf("%s (%d)", tag.Tag, tag.Count))
	}
	if len(words) > maxShown {
		words = append(words[:maxShown], "…")
	}
	return strings.Join(words, ", ")
}

// printMeasures prints a line for each measure, a column for each task and
// protocol.
func printMeasures(w io.Writer, e *evaluate.Evaluation) error {
	columns := e.Columns()
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	line := func(name, format string, value func(evaluate.Column) any) {
		fmt.Fprintf(t, "%s\t", name)
		for _, c := range columns {
			fmt.Fprintf(t, format+"\t", value(c))
		}
		fmt.Fprintln(t)
	}
	// A task of which there is no tag, or no image, has no figures.
	figure := func(name string, value func(evaluate.Column) float64) {
		line(name, "%s", func(c evaluate.Column) any {
			if c.Tags == 0 || c.Images == 0 {
				return "-"
			}
			return fmt.Sprintf("%.2f", value(c))
		})
	}
	fmt.Fprintln(w)
	line("", "%s", func(c evaluate.Column) any { return c.Task + " " + c.Protocol })
	figure("mAP", func(c evaluate.Column) float64 { return c.MAP })
	figure("mAP, tags with positives", func(c evaluate.Column) float64 { return c.MAPPresent })
	for i, at := range e.GZSL.Drop.At {
		figure(fmt.Sprintf("P@%d", at.K), func(c evaluate.Column) float64 { return c.At[i].Precision })
		figure(fmt.Sprintf("R@%d", at.K), func(c evaluate.Column) float64 { return c.At[i].Recall })
		figure(fmt.Sprintf("F1@%d", at.K), func(c evaluate.Column) float64 { return c.At[i].F1 })
	}
	line("images", "%d", func(c evaluate.Column) any { return c.Images })
	line("dropped", "%d", func(c evaluate.Column) any { return c.Dropped })
	figure("positives an image", func(c evaluate.Column) float64 { return c.MeanPositives })
	line("tags", "%d", func(c evaluate.Column) any { return c.Tags })
	line("without positives", "%d", func(c evaluate.Column) any { return c.WithoutPositives })
	return t.Flush()
}
