package model

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func sample() Description {
	seed := int64(0)
	return Description{
		FormatVersion: FormatVersion,
		Architecture:  Architecture{Kind: "tresnet", Layers: []int{1, 1, 1, 1}, Width: 0.25, Parameters: 12345},
		Rows:          4, Dim: 2,
		Input:        inputOf(64, BuildOptions{}),
		RowReduction: Reduction{Kind: ReduceMax},
		LogitScale:   1,
		LabelSpace:   LabelSpaceOf(wheel(3)),
		Files:        Files{Embed: fileOf("embed.onnx", []byte("graph")), Weights: fileOf("weights.safetensors", []byte("weights"))},
		Lineage: Lineage{
			Trained: true, Parent: "sha256:1", Labels: "sha256:2", Checkpoint: "sha256:3", Seed: &seed,
			Settings: map[string]string{"lr": "2.5e-5"}, Metrics: map[string]float64{"zsl.map": 25.9},
		},
		CreatedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Program:   "sdl-batch 1",
	}
}

func TestDescriptionSurvivesItsText(t *testing.T) {
	want := sample()
	text, err := want.Encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := DecodeDescription(text)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, *got); diff != "" {
		t.Error(diff)
	}
	if got.ID() != want.ID() {
		t.Error("the id changed")
	}
}

func TestDescriptionIDFollowsContentOnly(t *testing.T) {
	base := sample()
	id := base.ID()
	for name, change := range map[string]func(*Description){
		"lineage": func(d *Description) { d.Lineage = Lineage{} },
		"time":    func(d *Description) { d.CreatedAt = time.Now() },
		"program": func(d *Description) { d.Program = "another" },
	} {
		d := sample()
		if change(&d); d.ID() != id {
			t.Errorf("%s changed the id", name)
		}
	}
	for name, change := range map[string]func(*Description){
		"graph":       func(d *Description) { d.Files.Embed = fileOf("embed.onnx", []byte("other")) },
		"weights":     func(d *Description) { d.Files.Weights = File{} },
		"rows":        func(d *Description) { d.Rows = 5 },
		"filter":      func(d *Description) { d.Input.Filter = FilterBilinear },
		"exif":        func(d *Description) { d.Input.EXIF = EXIFIgnore },
		"size":        func(d *Description) { d.Input.Size = 65 },
		"reduction":   func(d *Description) { d.RowReduction.Kind = ReduceMean },
		"normalise":   func(d *Description) { d.Normalise.Rows = true },
		"scale":       func(d *Description) { d.LogitScale = 100 },
		"label space": func(d *Description) { d.LabelSpace = nil },
	} {
		d := sample()
		if change(&d); d.ID() == id {
			t.Errorf("%s did not change the id", name)
		}
	}
}

func TestDescriptionValidateTellsEverything(t *testing.T) {
	d := sample()
	d.FormatVersion = 2
	d.Architecture = Architecture{Kind: "vit", Layers: []int{1, 0, 1}, Width: math.NaN()}
	d.Rows, d.Input.Size, d.Input.Filter = 0, 1<<20, "lanczos"
	err := d.Validate()
	if !errors.Is(err, ErrInvalid) {
		t.Fatalf("got %v", err)
	}
	for _, want := range []string{
		"format_version is 2", `architecture.kind is "vit", want tresnet`, "layers has 3 stages", "layers[1] is 0", "width is NaN",
		"rows is 0", "input.size is 1048576", `input.filter is "lanczos", want bicubic or bilinear`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not said in: %v", want, err)
		}
	}
}

func TestDescriptionValidateEachField(t *testing.T) {
	for name, change := range map[string]func(*Description){
		"dim":              func(d *Description) { d.Dim = maxDim + 1 },
		"label space dim":  func(d *Description) { d.LabelSpace.Dim = 3 },
		"anchor length":    func(d *Description) { d.LabelSpace.Anchors[0].Vector = vector{1} },
		"anchor zero":      func(d *Description) { d.LabelSpace.Anchors[0].Vector = vector{0, 0} },
		"anchor nan":       func(d *Description) { d.LabelSpace.Anchors[0].Vector = vector{float32(math.NaN()), 0} },
		"type":             func(d *Description) { d.Input.Type = "float64" },
		"layout":           func(d *Description) { d.Input.Layout = "nchw" },
		"exif":             func(d *Description) { d.Input.EXIF = "" },
		"scale":            func(d *Description) { d.Input.Scale = 0 },
		"std":              func(d *Description) { d.Input.Std[1] = 0 },
		"mean":             func(d *Description) { d.Input.Mean[1] = math.Inf(1) },
		"reduction":        func(d *Description) { d.RowReduction.Kind = "median" },
		"reduction k":      func(d *Description) { d.RowReduction.K = 2 },
		"topk without k":   func(d *Description) { d.RowReduction.Kind = ReduceTopKMean },
		"topk beyond rows": func(d *Description) { d.RowReduction = Reduction{ReduceTopKMean, 5} },
		"logit scale":      func(d *Description) { d.LogitScale = -1 },
		"metric":           func(d *Description) { d.Lineage.Metrics["zsl.map"] = math.NaN() },
		"digest":           func(d *Description) { d.Files.Embed.SHA256 = strings.Repeat("A", 64) },
		"short digest":     func(d *Description) { d.Files.Embed.SHA256 = "00" },
		"empty file":       func(d *Description) { d.Files.Embed.Bytes = 0 },
		"no graph":         func(d *Description) { d.Files.Embed = File{} },
		"huge file":        func(d *Description) { d.Files.Embed.Bytes = 1 << 40 },
		"same name":        func(d *Description) { d.Files.Weights.Name = "embed.onnx" },
		"description name": func(d *Description) { d.Files.Weights.Name = "model.json" },
	} {
		d := sample()
		if change(&d); !errors.Is(d.Validate(), ErrInvalid) {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestFileNamesStayInsideTheBundle(t *testing.T) {
	for _, name := range []string{
		"", ".", "..", "../embed.onnx", "/etc/passwd", "a/b", `a\b`, "..\\x", "%2e%2e", "a\x00", ".hidden", "C:x", "a?b", strings.Repeat("a", 200),
	} {
		d := sample()
		d.Files.Embed.Name = name
		if err := d.Validate(); !errors.Is(err, ErrInvalid) {
			t.Errorf("name %q: got %v", name, err)
		}
	}
}

func TestDecodeDescriptionIsStrict(t *testing.T) {
	d := sample()
	text, err := d.Encode()
	if err != nil {
		t.Fatal(err)
	}
	good := string(text)
	for name, c := range map[string]struct{ text, want string }{
		"unknown field":  {strings.Replace(good, `"rows"`, `"colour": 1, "rows"`, 1), "colour"},
		"text after":     {good + "{}", "text after the object"},
		"cut short":      {good[:len(good)/2], "ends before"},
		"empty":          {"", "ends before"},
		"another type":   {strings.Replace(good, `"rows": `, `"rows": "7", "rows": `, 1), "rows holds a value of kind string, which has no place there"},
		"another kind":   {`[1]`, "the text holds a value of kind array"},
		"nested unknown": {strings.Replace(good, `"kind": "tresnet"`, `"kind": "tresnet", "groups": 2`, 1), "groups"},
		"too long":       {good + strings.Repeat(" ", maxDescriptionBytes), "at most"},
	} {
		_, err := DecodeDescription([]byte(c.text))
		if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func FuzzDecodeDescription(f *testing.F) {
	d := sample()
	text, err := d.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"format_version":1,"label_space":{"anchors":[{"vector":"AAAA"}]}}`))
	f.Add([]byte(`{"files":{"embed":{"name":"../x","bytes":-1,"sha256":""}},"rows":1e9}`))
	f.Add([]byte(`{"created_at":"0000-00-00T00:00:00Z"}`))
	encoder := encoderBundle(f).Description
	if text, err = encoder.Encode(); err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := DecodeDescription(text)
		if err != nil {
			if !errors.Is(err, ErrInvalid) {
				t.Fatalf("an error of another kind: %v", err)
			}
			return
		}
		again, err := d.Encode()
		if err != nil {
			// Indentation may carry a text at the limit beyond it.
			if len(text) > maxDescriptionBytes/4 {
				return
			}
			t.Fatalf("accepted and cannot be written: %v", err)
		}
		second, err := DecodeDescription(again)
		if err != nil {
			t.Fatalf("cannot be read back: %v\n%s", err, again)
		}
		if d.ID() != second.ID() {
			t.Fatal("the id changed on the way")
		}
	})
}

func TestDescriptionTextIsLegible(t *testing.T) {
	d := sample()
	text, err := d.Encode()
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		"format_version", "architecture", "rows", "dim", "input", "row_reduction", "normalise", "logit_scale",
		"label_space", "files", "lineage", "created_at", "program",
	} {
		if fields[name] == nil {
			t.Errorf("no field %s", name)
		}
	}
}
