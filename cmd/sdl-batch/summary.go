package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/sdl-batch/sdl-batch/jobs/label"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/dataset"
)

func program() string { return "sdl-batch " + version }

func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false) // it is for people and programs, not for a page
	return e.Encode(v)
}

// printSummary tells how a run ended.
func printSummary(w io.Writer, s label.Summary, asJSON bool) error {
	if asJSON {
		return printJSON(w, s)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if s.AlreadyCommitted {
		fmt.Fprintf(t, "run\t%s (committed before; nothing to do)\n", s.RunID)
	} else {
		fmt.Fprintf(t, "run\t%s\n", s.RunID)
	}
	fmt.Fprintf(t, "rows\t%d: %d labelled, %d rejected\n", s.Rows, s.OK, s.Rejected)
	for _, code := range slices.Sorted(maps.Keys(s.Rejects)) {
		fmt.Fprintf(t, "\t%d %s\n", s.Rejects[code], code)
	}
	if s.ImagesPerSecond > 0 {
		fmt.Fprintf(t, "speed\t%.1f images/s on %s, %.1f s in all\n", s.ImagesPerSecond, s.Device, s.Seconds)
	}
	if s.ResumedRows > 0 {
		fmt.Fprintf(t, "resumed\t%d rows were done before\n", s.ResumedRows)
	}
	for _, table := range dataset.Tables {
		fmt.Fprintf(t, "%s\t%s/%s (%s)\n", table, s.Output, strings.TrimSuffix(dataset.TablePrefix(table, s.RunID), "/"), bytesText(s.Bytes[table]))
	}
	return t.Flush()
}

// counted writes a number and what it counts.
func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// bytesText writes a size in binary units.
func bytesText(n int64) string { return storage.SizeText(n) }
