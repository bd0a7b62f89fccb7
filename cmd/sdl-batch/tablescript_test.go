package main

import (
	"os"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/sdl-batch/sdl-batch/storage/columnar/columnartest"
)

// table NAME COLUMN:TYPE=VALUE,VALUE,… … writes a Parquet file with a column for
// each argument; types are string, int, float and list, of one string a row.
func writeTable(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: table NAME COLUMN:TYPE=VALUE,VALUE,… …")
	}
	var columns []columnartest.Column
	for _, arg := range args[1:] {
		head, values, _ := strings.Cut(arg, "=")
		name, kind, _ := strings.Cut(head, ":")
		columns = append(columns, columnartest.Column{Name: name, Values: typed(ts, kind, strings.Split(values, ","))})
	}
	data, err := columnartest.Parquet(columnartest.Options{}, columns...)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), data, 0o644))
}

// typed reads values of a type.
func typed(ts *testscript.TestScript, kind string, texts []string) any {
	var ints []int64
	var floats []float64
	var lists [][]string
	for _, text := range texts {
		switch kind {
		case "int":
			ints = append(ints, int64(number(ts, text)))
		case "float":
			f, err := strconv.ParseFloat(text, 64)
			ts.Check(err)
			floats = append(floats, f)
		case "list":
			lists = append(lists, []string{text})
		}
	}
	return map[string]any{"string": texts, "int": ints, "float": floats, "list": lists}[kind]
}
