package encoder

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/sdl-batch/sdl-batch/jobs/engine"
	"github.com/sdl-batch/sdl-batch/model"
	"github.com/sdl-batch/sdl-batch/model/foreign"
	"github.com/sdl-batch/sdl-batch/model/foreign/foreigntest"
	"github.com/sdl-batch/sdl-batch/model/ort"
	"github.com/sdl-batch/sdl-batch/model/ort/orttest"
	"github.com/sdl-batch/sdl-batch/storage"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// imports writes an export to a file and imports it.
func imports(t *testing.T, e foreigntest.Export, o Options) (*model.Bundle, []string, error) {
	t.Helper()
	o.Graph = filepath.Join(t.TempDir(), "encoder.onnx")
	if err := os.WriteFile(o.Graph, foreigntest.New(1).ONNX(t, e), 0o644); err != nil {
		t.Fatal(err)
	}
	o.Output = filepath.Join(t.TempDir(), "bundle")
	o.Compute = engine.Compute{Library: orttest.Load(t).Path, Threads: 1}
	return Import(t.Context(), o)
}

func TestWhatTheGraphTellsIsRead(t *testing.T) {
	vocabulary := &model.Vocabulary{Dim: foreigntest.Dim, Tags: []string{"a"}, Seen: []bool{true}, Vectors: []float32{1, 0, 0, 0, 0, 0}}
	half := [3]float64{0.5, 0.5, 0.5}
	for _, c := range []struct {
		name   string
		export foreigntest.Export
		o      Options
		rows   int
		input  model.Input
		output model.Output
	}{
		{"CLIP", foreigntest.Export{}, Options{Preset: "clip", OutputName: foreigntest.Class}, 1,
			model.Input{Size: 16, ShortSide: 16, Type: "float32", Layout: "nchw", Filter: "bicubic", Scale: 1.0 / 255, Mean: presets["clip"].mean, Std: presets["clip"].std},
			model.Output{Name: foreigntest.Class, Layout: "nd"}},
		{"patches, bytes, two a run", foreigntest.Export{Type: foreign.Uint8, NHWC: true, Batch: 2}, Options{OutputName: foreigntest.Rows, Vocabulary: vocabulary, Rows: OutputRows{Skip: 1}}, 16,
			model.Input{Size: 16, Type: "uint8", Layout: "nhwc", Batch: 2, Filter: "bicubic", Scale: 1, Std: [3]float64{1, 1, 1}},
			model.Output{Name: foreigntest.Rows, Layout: "nkd", SkipRows: 1}},
		{"a map, half precision", foreigntest.Export{Type: foreign.Float16, Layout: foreign.NDHW}, Options{OutputName: foreigntest.Rows, Rows: OutputRows{Dim: foreigntest.Dim}, Preset: "imagenet"}, 16,
			model.Input{Size: 16, ShortSide: 18, Type: "float16", Layout: "nchw", Filter: "bilinear", Scale: 1.0 / 255, Mean: presets["imagenet"].mean, Std: presets["imagenet"].std},
			model.Output{Name: foreigntest.Rows, Layout: "ndhw"}},
		{"what is given goes first", foreigntest.Export{Vague: true},
			Options{Preset: "siglip", Size: 16, Layout: "nchw", InputName: foreigntest.Images, OutputName: foreigntest.Rows, EXIF: "ignore", Rows: OutputRows{Layout: "nkd"},
				Pixels: Pixels{Filter: "bilinear", ShortSide: pointer(24), Scale: pointer(0.5), Mean: &[3]float64{1, 2, 3}}}, 17,
			model.Input{Size: 16, ShortSide: 24, Type: "float32", Layout: "nchw", Filter: "bilinear", Scale: 0.5, Mean: [3]float64{1, 2, 3}, Std: half, EXIF: "ignore"},
			model.Output{Name: foreigntest.Rows, Layout: "nkd"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, _, err := imports(t, c.export, c.o)
			if err != nil {
				t.Fatal(err)
			}
			c.input.Name = foreigntest.Images
			if c.input.EXIF == "" {
				c.input.EXIF = model.EXIFApply
			}
			d := b.Description
			if diff := cmp.Diff(c.input, d.Input) + cmp.Diff(&c.output, d.Output); diff != "" || d.Rows != c.rows || d.Dim != foreigntest.Dim {
				t.Errorf("%d rows of %d: %s", d.Rows, d.Dim, diff)
			}
			if (d.LabelSpace == nil) != (c.o.Vocabulary == nil) {
				t.Errorf("label space %v", d.LabelSpace)
			}
		})
	}
}

func TestScoringFollowsThePreset(t *testing.T) {
	both := model.Normalise{Rows: true, Labels: true}
	for _, c := range []struct {
		o     Options
		norm  model.Normalise
		scale float64
		kind  string
	}{
		{Options{Preset: "clip"}, both, 100, "max"},
		{Options{Preset: "siglip"}, both, 1, "max"},
		{Options{Preset: "imagenet"}, model.Normalise{}, 1, "max"},
		{Options{Preset: "clip", Scoring: Scoring{Normalise: &model.Normalise{Rows: true}, LogitScale: pointer(7.0), Reduction: &model.Reduction{Kind: "mean"}}}, model.Normalise{Rows: true}, 7, "mean"},
	} {
		var e model.Encoder
		if c.o.score(&e); e.Normalise != c.norm || e.LogitScale != c.scale || e.RowReduction.Kind != c.kind {
			t.Errorf("%s: %+v", c.o.Preset, e)
		}
	}
}

// TestWhatTheGraphDoesNotTellIsAskedForAtOnce names every flag that is missing.
func TestWhatTheGraphDoesNotTellIsAskedForAtOnce(t *testing.T) {
	_, _, err := imports(t, foreigntest.Export{Vague: true}, Options{})
	if !errors.Is(err, model.ErrInvalid) {
		t.Fatalf("%v", err)
	}
	for _, want := range []string{
		"several outputs, name one with --output-name: image_embeds (float [batch 6]), last_hidden_state (float [batch 17 6])",
		"[batch channels height width]: tell with --layout", "with --size", "give --preset clip|imagenet|siglip, or --mean and --std",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in: %v", want, err)
		}
	}
}

func TestImportRefuses(t *testing.T) {
	class := func(change func(*Options)) Options {
		o := Options{Preset: "clip", OutputName: foreigntest.Class}
		change(&o)
		return o
	}
	rows := func(r OutputRows) Options {
		return Options{Preset: "clip", OutputName: foreigntest.Rows, Rows: r}
	}
	for _, c := range []struct {
		want   string
		export foreigntest.Export
		o      Options
	}{
		{`the graph has no output "embeds"; it has image_embeds`, foreigntest.Export{}, class(func(o *Options) { o.OutputName = "embeds" })},
		{`the graph has no input "images"; it has pixel_values`, foreigntest.Export{}, class(func(o *Options) { o.InputName = "images" })},
		{`--size says 32`, foreigntest.Export{}, class(func(o *Options) { o.Size = 32 })},
		{`--layout says nhwc`, foreigntest.Export{}, class(func(o *Options) { o.Layout = "nhwc" })},
		{`--preset "blip": want clip or imagenet or siglip`, foreigntest.Export{}, class(func(o *Options) { o.Preset = "blip" })},
		{"--size -5: want a number that is not negative\n--dim -1: want", foreigntest.Export{Vague: true}, class(func(o *Options) { o.Size, o.Layout, o.Rows.Dim = -5, "nchw", -1 })},
		{`with 16 pixels a side is more than can be held`, foreigntest.Export{Batch: 1 << 60}, class(func(*Options) {})},
		{`a run of 1 with 1073741824 pixels a side is more`, foreigntest.Export{Vague: true}, class(func(o *Options) { o.Size, o.Layout = 1<<30, "nchw" })},
		{`--layout "chw": want nchw or nhwc`, foreigntest.Export{}, class(func(o *Options) { o.Layout = "chw" })},
		{`--output-layout "dn": want nd or nkd`, foreigntest.Export{}, class(func(o *Options) { o.Rows.Layout = "dn" })},
		{`--scale, --mean and --std have no place`, foreigntest.Export{Type: foreign.Uint8}, class(func(o *Options) { o.Std = &[3]float64{1, 1, 1} })},
		{`whether its dimension is 6 (nkd) or 17 (ndk)`, foreigntest.Export{}, rows(OutputRows{})},
		{`whether its dimension is 4 (nhwd) or 6 (ndhw)`, foreigntest.Export{Layout: foreign.NDHW}, rows(OutputRows{})},
		{`without 17 rows nothing is left`, foreigntest.Export{}, rows(OutputRows{Layout: "nkd", Skip: 17})},
		{`which cannot be ndhw`, foreigntest.Export{}, rows(OutputRows{Layout: "ndhw"})},
		{`its dimension is 17, but --dim says 6`, foreigntest.Export{}, rows(OutputRows{Layout: "ndk", Dim: 6})},
		{`tell which with --dim`, foreigntest.Export{}, class(func(o *Options) { o.Rows.Layout = "nkd" })},
		{`does not run on an image of 20 pixels as nchw`, foreigntest.Export{Vague: true}, class(func(o *Options) { o.Size, o.Layout = 20, "nchw" })},
		{`row_reduction.k is 5, want 1 to rows (1)`, foreigntest.Export{}, class(func(o *Options) { o.Reduction = &model.Reduction{Kind: model.ReduceTopKMean, K: 5} })},
		{`input.short_side is 8`, foreigntest.Export{}, class(func(o *Options) { o.ShortSide = pointer(8) })},
		{`its embeddings are not finite`, foreigntest.Export{}, class(func(o *Options) { o.Scale = pointer(1e38) })},
	} {
		t.Run(c.want, func(t *testing.T) {
			b, _, err := imports(t, c.export, c.o)
			if !errors.Is(err, model.ErrInvalid) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, %v", b, err)
			}
		})
	}
}

// TestAnInputThatIsNoSquareOfColours tells what is wrong with an input's axes, and
// nothing that is not.
func TestAnInputThatIsNoSquareOfColours(t *testing.T) {
	for want, sizes := range map[string][3]int{
		`"x" is [n 1 64 64], which has no axis of three colours`:                                                    {1, 64, 64},
		`"x" is [n 64 32 3]: images that are not square are not supported`:                                          {64, 32, 3},
		`"x" is [n 3 64 32]: images that are not square are not supported`:                                          {3, 64, 32},
		`"x" is [n 3 64 3]: tell with --layout whether colours come first (nchw, as PyTorch has it) or last (nhwc)`: {3, 64, 3},
	} {
		dims := []ort.Dim{{Name: "n"}, {Size: sizes[0]}, {Size: sizes[1]}, {Size: sizes[2]}}
		graph := ort.Model{Inputs: []ort.Port{{Name: "x", Type: "float", Dims: dims}}, Outputs: []ort.Port{{Name: "y", Type: "float"}}}
		err := Options{Preset: "clip"}.ports(graph, &model.Encoder{})
		if err == nil || !strings.HasSuffix(err.Error(), "missing:\nthe input "+want) {
			t.Error(err)
		}
	}
}

// TestIndicesAreNoEmbeddings: a classifier's best class runs well, and would give
// every tag a score.
func TestIndicesAreNoEmbeddings(t *testing.T) {
	o := Options{Preset: "clip"}
	images := ort.Port{Name: "x", Type: "float", Dims: []ort.Dim{{Name: "n"}, {Size: 3}, {Size: 8}, {Size: 8}}}
	for _, c := range []struct {
		kind string
		want string
	}{{"int64", `the output "y" gives int64`}, {"bool", "gives bool"}, {"float", ""}, {"float16", ""}, {"bfloat16", ""}, {"int8", ""}} {
		err := o.ports(ort.Model{Inputs: []ort.Port{images}, Outputs: []ort.Port{{Name: "y", Type: c.kind}}}, &model.Encoder{})
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.kind, err)
		}
	}
}

// TestAFlatOutputIsSplitByTheDimension: the reference's embedding layer gives rows
// and dimension as one axis.
func TestAFlatOutputIsSplitByTheDimension(t *testing.T) {
	b, _, err := imports(t, foreigntest.Export{}, Options{Preset: "clip", OutputName: foreigntest.Class, Rows: OutputRows{Layout: "ndk", Dim: 2}})
	if err != nil || b.Description.Rows != 3 || b.Description.Dim != 2 {
		t.Errorf("%+v %v", b, err)
	}
}

// TestABatchThatIsBakedInGetsOneImageARun: many exports say that they take any
// number of images and take one.
func TestABatchThatIsBakedInGetsOneImageARun(t *testing.T) {
	b, notes, err := imports(t, foreigntest.Export{Baked: true}, Options{Preset: "clip", OutputName: foreigntest.Class})
	if err != nil || b.Description.Input.Batch != 1 || !strings.Contains(strings.Join(notes, "\n"), "says that it takes any number of images") {
		t.Errorf("%v, %v", notes, err)
	}
}

// TestValuesQuantisedOverARunGetOneImageARun: such images differ too little to be
// noticed by the try, and would make a rerun's scores depend on the batches.
func TestValuesQuantisedOverARunGetOneImageARun(t *testing.T) {
	b, notes, err := imports(t, foreigntest.Export{Quantised: true}, Options{Preset: "clip", OutputName: foreigntest.Class})
	if err != nil || b.Description.Input.Batch != 1 || !strings.Contains(strings.Join(notes, "\n"), "8-bit values") {
		t.Errorf("%v, %v", notes, err)
	}
}

func TestImagesThatInfluenceOneAnother(t *testing.T) {
	same, other := []float32{1, 2, 3, 4, 5, 6}, []float32{1, 2, 3, 4, 5, 6.5}
	if err := compare(same, same, 2); err != nil {
		t.Error(err)
	}
	if err := compare(same, other, 2); err == nil || !strings.Contains(err.Error(), "get other values than one by one") {
		t.Error(err)
	}
	if err := compare(make([]float32, 6), make([]float32, 6), 2); err == nil || !strings.Contains(err.Error(), "the same embedding") {
		t.Error(err)
	}
}

func TestAdviceIsGivenWhereItHelps(t *testing.T) {
	_, notes, err := imports(t, foreigntest.Export{Batch: 1}, Options{Preset: "clip", OutputName: foreigntest.Rows, Rows: OutputRows{Layout: "nkd"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"one image a run is slow", "17 rows are 4 x 4 patches and one more", "the best of 17 rows"} {
		if !strings.Contains(strings.Join(notes, "\n"), want) {
			t.Errorf("%q is not in %q", want, notes)
		}
	}
	if _, notes, err = imports(t, foreigntest.Export{}, Options{Preset: "clip", OutputName: foreigntest.Class}); err != nil || len(notes) > 0 {
		t.Errorf("%q %v", notes, err)
	}
}

func TestFilesThatAreNoEncoder(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "encoder.onnx")
	if _, _, err := Import(t.Context(), Options{Graph: path, Output: dir}); !errors.Is(err, storage.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if err := os.WriteFile(path, []byte("hello"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Import(t.Context(), Options{Graph: path, Output: dir}); !errors.Is(err, model.ErrInvalid) || !strings.Contains(err.Error(), "not an onnx model") {
		t.Errorf("text: %v", err)
	}
	if err := os.WriteFile(path, foreigntest.New(1).ONNX(t, foreigntest.Export{Outside: true}), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Import(t.Context(), Options{Graph: path, Output: dir}); !errors.Is(err, ort.ErrRefused) {
		t.Errorf("external data: %v", err)
	}
}
