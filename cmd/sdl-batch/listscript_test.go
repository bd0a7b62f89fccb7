package main

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/sdl-batch/sdl-batch/storage/columnar"
)

// labelrows FILE prints labelled Parquet, a line a row: URI, positives,
// negatives (* for all others) and split.
func listLabels(ts *testscript.TestScript, neg bool, args []string) {
	args = want(ts, neg, args, "labelrows FILE")
	data := []byte(ts.ReadFile(args[0]))
	file, err := columnar.Open(bytes.NewReader(data), int64(len(data)))
	ts.Check(err)
	out := ts.Stdout()
	ts.Check(file.Labels(context.Background(), func(l columnar.Label) error {
		negatives := "*"
		if l.Partial {
			negatives = strings.Join(l.Negatives, ",")
		}
		_, err := fmt.Fprintf(out, "%s [%s] [%s] %s\n", l.URI, strings.Join(l.Positives, ","), negatives, l.Split)
		return err
	}))
}
