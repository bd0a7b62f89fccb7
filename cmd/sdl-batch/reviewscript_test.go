package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/sdl-batch/sdl-batch/storage/columnar"
)

// manifestof LABELS SPLIT DST lists the images of a split.
func manifestOf(ts *testscript.TestScript, neg bool, args []string) {
	args = want(ts, neg, args, "manifestof LABELS SPLIT DST")
	var list []byte
	for _, l := range readLabels(ts, args[0]) {
		if l.Split == args[1] {
			list = append(append(list, l.URI...), '\n')
		}
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), list, 0o644))
}

// review DATASET RUN TRUTH DST labels the images of a run as a person would who
// knows the truth. Of every other image it writes down all that is true; of the
// rest it only says which of the tags that the run proposed are right and which
// are wrong.
func review(ts *testscript.TestScript, neg bool, args []string) {
	args = want(ts, neg, args, "review DATASET RUN TRUTH DST")
	truth := map[string][]string{}
	for _, l := range readLabels(ts, args[2]) {
		truth[l.URI] = l.Positives
	}
	var file bytes.Buffer
	w, err := columnar.NewLabelWriter(&file, columnar.Options{})
	ts.Check(err)
	parts, err := filepath.Glob(filepath.Join(ts.MkAbs(args[0]), "images", "run="+args[1], "*.parquet"))
	ts.Check(err)
	rows := 0
	for _, part := range parts {
		f := openTable(ts, part)
		ts.Check(f.Images(context.Background(), nil, func(image columnar.Image) error {
			label := columnar.Label{URI: image.URI, Positives: truth[image.URI]}
			if rows++; rows%2 == 0 {
				label = confirmed(image, truth[image.URI])
			}
			return w.Append(label)
		}))
	}
	if rows == 0 {
		ts.Fatalf("review: the run %s has no images", args[1])
	}
	ts.Check(w.Close())
	ts.Check(os.WriteFile(ts.MkAbs(args[3]), file.Bytes(), 0o644))
}

// confirmed sorts the proposed tags into right and wrong; all others stay unknown.
func confirmed(image columnar.Image, truth []string) columnar.Label {
	label := columnar.Label{URI: image.URI, Partial: true}
	for _, tag := range image.Seen {
		if slices.Contains(truth, tag.Tag) {
			label.Positives = append(label.Positives, tag.Tag)
		} else {
			label.Negatives = append(label.Negatives, tag.Tag)
		}
	}
	return label
}

func readLabels(ts *testscript.TestScript, name string) []columnar.Label {
	var all []columnar.Label
	ts.Check(openTable(ts, ts.MkAbs(name)).Labels(context.Background(), func(l columnar.Label) error {
		l.Positives, l.Negatives = slices.Clone(l.Positives), slices.Clone(l.Negatives)
		all = append(all, l)
		return nil
	}))
	return all
}

func openTable(ts *testscript.TestScript, path string) *columnar.File {
	data, err := os.ReadFile(path)
	ts.Check(err)
	f, err := columnar.Open(bytes.NewReader(data), int64(len(data)))
	ts.Check(err)
	return f
}
