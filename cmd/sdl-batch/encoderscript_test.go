package main

import (
	"context"
	"os"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/sdl-batch/sdl-batch/model"
	"github.com/sdl-batch/sdl-batch/model/foreign/foreigntest"
)

// encoder NAME TRAIT… writes an image encoder in ONNX, as another program would:
// foreigntest's, of 16 pixels and dimension 6, with the outputs image_embeds of one
// row and last_hidden_state of 17. Traits: uint8, float16, nhwc, batch=N, baked,
// vague, outside, layout=ndhw.
func writeEncoder(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: encoder NAME TRAIT…")
	}
	var e foreigntest.Export
	for _, trait := range args[1:] {
		name, value, _ := strings.Cut(trait, "=")
		switch name {
		case "uint8", "float16":
			e.Type = name
		case "nhwc":
			e.NHWC = true
		case "batch":
			e.Batch = number(ts, value)
		case "baked":
			e.Baked = true
		case "vague":
			e.Vague = true
		case "outside":
			e.Outside = true
		case "layout":
			e.Layout = value
		default:
			ts.Fatalf("encoder: trait %q", trait)
		}
	}
	graph, err := foreigntest.New(1).Encode(e)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), graph, 0o644))
}

// tagvectors NAME writes a vocabulary of dimension 6: boat and snow are seen, cat
// and dog are not.
func writeTagVectors(ts *testscript.TestScript, neg bool, args []string) {
	args = want(ts, neg, args, "tagvectors NAME")
	v := &model.Vocabulary{
		Tags: []string{"boat", "snow", "cat", "dog"}, Seen: []bool{true, true, false, false}, Dim: foreigntest.Dim, LabelSpace: "small",
		Vectors: []float32{1, 0, 0, 2, 0, 0, 0, 1, 0, 0, -1, 0, 0, 0, 3, 0, 0, 1, 1, 1, 0, 0, 0, -1},
	}
	ts.Check(model.WriteVocabulary(context.Background(), ts.MkAbs(args[0]), v))
}
