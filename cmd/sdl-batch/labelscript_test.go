package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/sdl-batch/sdl-batch/storage/columnar"
)

// labels SRC DST makes labelled Parquet of a text, a row a line: the URI, the
// positives, the negatives (* for all others) and perhaps a split, apart by
// spaces; tags by commas. - is no URI and no tags.
func writeLabels(ts *testscript.TestScript, neg bool, args []string) {
	args = want(ts, neg, args, "labels SRC DST")
	var file bytes.Buffer
	w, err := columnar.NewLabelWriter(&file, columnar.Options{})
	ts.Check(err)
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		fields := append(strings.Fields(line), "")
		if len(fields) < 4 {
			ts.Fatalf("labels: line %q", line)
		}
		l := columnar.Label{URI: strings.TrimPrefix(fields[0], "-"), Positives: tagList(fields[1]), Split: fields[3]}
		if l.Partial = fields[2] != "*"; l.Partial {
			l.Negatives = tagList(fields[2])
		}
		ts.Check(w.Append(l))
	}
	ts.Check(w.Close())
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), file.Bytes(), 0o644))
}

func tagList(text string) []string {
	if text == "-" {
		return nil
	}
	return strings.Split(text, ",")
}

// pertag FILE prints the results of each tag: tag, seen, annotated, positives.
func listTags(ts *testscript.TestScript, neg bool, args []string) {
	args = want(ts, neg, args, "pertag FILE")
	data := []byte(ts.ReadFile(args[0]))
	file, err := columnar.Open(bytes.NewReader(data), int64(len(data)))
	ts.Check(err)
	out := ts.Stdout()
	ts.Check(file.Evaluation(context.Background(), func(r columnar.EvaluationRow) error {
		_, err := fmt.Fprintf(out, "%d %s seen=%v annotated=%d positives=%d ap=%.2f\n", r.TagID, r.Tag, r.Seen, r.Annotated, r.Positives, r.AP)
		return err
	}))
}
