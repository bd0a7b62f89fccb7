package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/sdl-batch/sdl-batch/model/golden"
	"github.com/sdl-batch/sdl-batch/storage/columnar"
)

// want returns the arguments of a command, or fails the script.
func want(ts *testscript.TestScript, neg bool, args []string, usage string) []string {
	if n := len(strings.Fields(usage)) - 1; neg || len(args) != n {
		ts.Fatalf("usage: %s", usage)
	}
	return args
}

// number reads an argument.
func number(ts *testscript.TestScript, text string) int {
	n, err := strconv.Atoi(text)
	ts.Check(err)
	return n
}

// status N COMMAND… runs a command that must end with status N.
func status(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N COMMAND…")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := 0
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		got = ended.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != number(ts, args[0]) {
		ts.Fatalf("exit status %d, want %s", got, args[0])
	}
}

// golden NAME DST copies a golden file.
func copyGolden(ts *testscript.TestScript, neg bool, args []string) {
	args = want(ts, neg, args, "golden NAME DST")
	data, err := os.ReadFile(golden.Path(args[0]))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), data, 0o644))
}

// json PATH WANT checks that the last output is one JSON value, and what it
// holds at a path such as rejects.fetch/not_found or neighbours.0.tag.
func checkJSON(ts *testscript.TestScript, neg bool, args []string) {
	args = want(ts, neg, args, "json PATH WANT")
	if got := valueAt(ts, args[0]); got != args[1] {
		ts.Fatalf("%s is %s, want %s", args[0], got, args[1])
	}
}

// jsonenv PATH NAME keeps a value of the last output in a variable.
func keepJSON(ts *testscript.TestScript, neg bool, args []string) {
	args = want(ts, neg, args, "jsonenv PATH NAME")
	ts.Setenv(args[1], valueAt(ts, args[0]))
}

// valueAt is the value at a path, apart by dots, of the last output; of a list
// how many items it has.
func valueAt(ts *testscript.TestScript, path string) string {
	var value any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &value))
	for _, key := range strings.Split(path, ".") {
		switch v := value.(type) {
		case map[string]any:
			value = v[key]
		case []any:
			i := number(ts, key)
			if i >= len(v) {
				ts.Fatalf("%s: %d items", path, len(v))
			}
			value = v[i]
		default:
			ts.Fatalf("%s: nothing holds %q", path, key)
		}
	}
	if list, ok := value.([]any); ok {
		value = fmt.Sprintf("%d items", len(list))
	}
	return fmt.Sprint(value)
}

// images DATASET RUN prints the images table, a line a row: number, uri,
// status, stage/code, seen and unseen tags and carried columns.
func listImages(ts *testscript.TestScript, neg bool, args []string) {
	args = want(ts, neg, args, "images DATASET RUN")
	parts, err := filepath.Glob(filepath.Join(ts.MkAbs(args[0]), "images", "run="+args[1], "part-*"))
	ts.Check(err)
	out := ts.Stdout()
	for _, part := range parts {
		data, err := os.ReadFile(part)
		ts.Check(err)
		file, err := columnar.Open(bytes.NewReader(data), int64(len(data)))
		ts.Check(err)
		ts.Check(file.Images(context.Background(), carriedColumns(ts), func(r columnar.Image) error {
			_, err := fmt.Fprintf(out, "%d %s %s %s/%s %d+%d tags %q\n", r.Row, r.URI, r.Status, r.Stage, r.Code, len(r.Seen), len(r.Unseen), r.Carried)
			return err
		}))
	}
}

// carriedColumns are those that the script names in $carried.
func carriedColumns(ts *testscript.TestScript) []string {
	return strings.FieldsFunc(ts.Getenv("carried"), func(r rune) bool { return r == ',' })
}

// png NAME W H SEED draws an image.
func drawPNG(ts *testscript.TestScript, neg bool, args []string) {
	args = want(ts, neg, args, "png NAME W H SEED")
	var file bytes.Buffer
	ts.Check(png.Encode(&file, picture(number(ts, args[1]), number(ts, args[2]), number(ts, args[3]))))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), file.Bytes(), 0o644))
}

// jpeg NAME W H SEED does, too.
func drawJPEG(ts *testscript.TestScript, neg bool, args []string) {
	args = want(ts, neg, args, "jpeg NAME W H SEED")
	var file bytes.Buffer
	ts.Check(jpeg.Encode(&file, picture(number(ts, args[1]), number(ts, args[2]), number(ts, args[3])), nil))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), file.Bytes(), 0o644))
}

// picture is a board of 8 x 8 coloured blocks.
func picture(w, h, seed int) image.Image {
	random := rand.New(rand.NewPCG(uint64(seed), 0))
	var blocks [64]color.RGBA
	for i := range blocks {
		blocks[i] = color.RGBA{uint8(random.Uint32()), uint8(random.Uint32()), uint8(random.Uint32()), 255}
	}
	p := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			p.SetRGBA(x, y, blocks[y*8/h*8+x*8/w])
		}
	}
	return p
}

// bytes NAME TEXT writes a file of a text with Go's escapes.
func writeBytes(ts *testscript.TestScript, neg bool, args []string) {
	args = want(ts, neg, args, "bytes NAME TEXT")
	text, err := strconv.Unquote(`"` + args[1] + `"`)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o644))
}

// cut NAME N keeps the first N bytes of a file.
func cutFile(ts *testscript.TestScript, neg bool, args []string) {
	args = want(ts, neg, args, "cut NAME N")
	ts.Check(os.Truncate(ts.MkAbs(args[0]), int64(number(ts, args[1]))))
}

// alter NAME AT flips the bits of one byte.
func alterFile(ts *testscript.TestScript, neg bool, args []string) {
	args = want(ts, neg, args, "alter NAME AT")
	data, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	data[number(ts, args[1])] ^= 0xff
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), data, 0o644))
}
