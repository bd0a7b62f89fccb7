package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"image/png"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sdl-batch/sdl-batch/model/ort/orttest"
	"github.com/sdl-batch/sdl-batch/model/safetensors"
	"github.com/sdl-batch/sdl-batch/model/tensor"
	"github.com/sdl-batch/sdl-batch/model/tresnet"
	"github.com/sdl-batch/sdl-batch/storage/columnar"
)

// writers are the commands that write files: IN is a folder that diskInputs fills,
// OUT the one they write to.
var writers = map[string]string{
	"run":            "run --manifest IN/images.txt --output OUT/o --run-id r --shard-rows 3 --threads 1",
	"manifest build": "manifest build IN/scenes/000 --output OUT/m/list.parquet",
	"labels import":  "labels import coco --instances IN/instances.json --images IN/scenes/000 --vocab IN/scenes/vocab.parquet --output OUT/l/labels.parquet --unjoined OUT/l/unjoined.csv",
	"vocab build":    "vocab build --vectors IN/vectors.txt --seen IN/seen.txt --output OUT/v/vocab.parquet",
	"model new":      "model new --output OUT/model --layers 1,1,1,1 --width 0.125 --rows 2 --dim 4 --size 32",
	"model import":   "model import --checkpoint IN/model.pth --output OUT/imported --dim 4 --size 32",
	"train":          "train --labels IN/scenes/labels.parquet --vocab IN/scenes/vocab.parquet --init new:1,1,1,1x0.125 --rows 2 --size 32 --epochs 1 --batch 4 --threads 1 --output OUT/trained",
	"eval":           "eval --labels IN/scenes/labels.parquet --split test --per-tag OUT/e/tags.parquet --report OUT/e/report.json --threads 1",
	"promote":        "promote --candidate IN/model --current OUT/models/current --labels IN/scenes/labels.parquet --vocab IN/scenes/vocab.parquet --split test --require gzsl.map>=0 --threads 1",
	"demo":           "demo --output OUT/demo --scenes 3 --threads 1",
	"demo scenes":    "demo scenes --output OUT/scenes --train 3 --val 1 --test 1",
}

// diskInputs makes what the writers read.
func diskInputs(t *testing.T) (in string) {
	t.Helper()
	orttest.Load(t)
	in = t.TempDir()
	tensors := map[string]tensor.Tensor{}
	for name, values := range tresnet.New(smallNet, 1) {
		tensors[name] = values
	}
	for name, text := range map[string]string{
		"model.pth": string(legacyCheckpoint("model", tensors)), "vectors.txt": "red 1 0\nblue 0 1\n", "seen.txt": "red\nblue\n",
		"images.txt": "scenes/000/scene-000000.png\nscenes/000/scene-000001.png\nscenes/000/scene-000002.png\nscenes/000/scene-000003.png\n",
		"instances.json": `{"images": [{"id": 1, "file_name": "scene-000000.png"}], "annotations": [{"id": 1, "image_id": 1, "category_id": 3}],
			"categories": [{"id": 3, "name": "red"}, {"id": 4, "name": "traffic light"}]}`,
	} {
		if err := os.WriteFile(filepath.Join(in, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, line := range []string{
		"demo scenes --output IN/scenes --seed 5 --train 8 --val 4 --test 4",
		"train --labels IN/scenes/labels.parquet --vocab IN/scenes/vocab.parquet --init new:1,1,1,1x0.125 --rows 2 --size 32 --epochs 1 --batch 8 --output IN/model",
	} {
		if status, words := writes(line, in, ""); status != exitDone {
			t.Fatalf("%s: %d %s", line, status, words)
		}
	}
	return in
}

// diskCommand is the program with a line's arguments.
func diskCommand(line, in, out string) *exec.Cmd {
	var args []string
	for _, arg := range strings.Fields(line) {
		args = append(args, strings.ReplaceAll(strings.ReplaceAll(arg, "IN/", in+"/"), "OUT/", out+"/"))
	}
	c := exec.Command("sdl-batch", args...)
	c.Env = append(os.Environ(), "SDL_ORT_LIB="+library())
	return c
}

// writes runs the program and returns its exit status and all it said.
func writes(line, in, out string) (status int, words string) { return ends(diskCommand(line, in, out)) }

func ends(c *exec.Cmd) (status int, words string) {
	text, err := c.CombinedOutput()
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		return ended.ExitCode(), string(text)
	}
	if err != nil {
		return -1, err.Error()
	}
	return exitDone, string(text)
}

// checkWhole looks for unfinished files, and for files that are not whole.
func checkWhole(t *testing.T, folder string) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if strings.HasSuffix(path, ".tmp") {
			t.Errorf("left behind: %s", path)
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if err := whole(path, data); err != nil {
			t.Errorf("%s, of %d bytes, is not whole: %v", path, len(data), err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// whole tells what a file lacks, of the kinds that can be told.
func whole(path string, data []byte) error {
	size, from := int64(len(data)), bytes.NewReader(data)
	switch filepath.Ext(path) {
	case ".parquet", ".arrow":
		_, err := columnar.Open(from, size)
		return err
	case ".json":
		return json.Unmarshal(data, new(any))
	case ".png":
		_, err := png.Decode(from)
		return err
	case ".safetensors":
		_, _, err := safetensors.Read(from, size)
		return err
	case ".html":
		if !bytes.HasSuffix(bytes.TrimSpace(data), []byte("</html>")) {
			return errors.New("it does not end")
		}
	}
	return nil
}
