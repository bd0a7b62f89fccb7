package model

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sdl-batch/sdl-batch/model/foreign"
	"github.com/sdl-batch/sdl-batch/model/foreign/foreigntest"
	"github.com/sdl-batch/sdl-batch/model/ort"
	"github.com/sdl-batch/sdl-batch/storage"
)

// patches describes foreigntest's encoder with one row for each patch.
func patches() Encoder {
	return Encoder{
		Name: "ViT small", Rows: foreigntest.Patches, Dim: foreigntest.Dim,
		Input: Input{
			Name: foreigntest.Images, Size: foreigntest.Size, ShortSide: 20, Type: foreign.Float32, Layout: foreign.NCHW,
			Filter: FilterBicubic, Scale: 1.0 / 255, Mean: [3]float64{0.5, 0.5, 0.5}, Std: [3]float64{0.5, 0.5, 0.5}, EXIF: EXIFApply,
		},
		Output:       Output{Name: foreigntest.Rows, Layout: foreign.NKD, SkipRows: 1},
		RowReduction: Reduction{ReduceTopKMean, 4}, Normalise: Normalise{Rows: true, Labels: true}, LogitScale: 100,
	}
}

func encoderBundle(t testing.TB) *Bundle {
	t.Helper()
	b, err := NewEncoder(foreigntest.New(1).ONNX(t, foreigntest.Export{}), patches(), BuildOptions{Program: "p 1"})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestVerifyFindsAGraphThatIsNotAsDescribed(t *testing.T) {
	stored, err := WriteBundle(t.Context(), t.TempDir(), encoderBundle(t), WriteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	output := *stored.Description.Output
	output.Name = "embeds"
	stored.Description.Output = &output
	if err := stored.Verify(t.Context()); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), `no output "embeds"`) {
		t.Error(err)
	}
}

func TestEncoderSurvivesTheStore(t *testing.T) {
	want := encoderBundle(t)
	stored, err := WriteBundle(t.Context(), t.TempDir(), want, WriteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := OpenBundle(t.Context(), stored.Location())
	if err != nil || got.ID() != want.ID() || got.Verify(t.Context()) != nil {
		t.Fatalf("%v", err)
	}
	if diff := cmp.Diff(stored.Description, got.Description); diff != "" {
		t.Error(diff)
	}
	whole, err := ReadGraph(t.Context(), filepath.Join(stored.Location(), "encoder.onnx"))
	if diff := cmp.Diff(foreigntest.New(1).ONNX(t, foreigntest.Export{}), whole); diff != "" || err != nil {
		t.Error("the encoder's file was changed")
	}
	i := got.Inspect()
	if i.Architecture != "ViT small" || i.Parameters == 0 || i.Output.SkipRows != 1 || len(i.Files) != 1 {
		t.Errorf("%+v", i)
	}
}

func TestEncoderHasTheInterfaceOfOurGraphs(t *testing.T) {
	graph, err := encoderBundle(t).EmbedGraph(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	m, err := ort.Inspect(graph)
	if err != nil || len(m.Inputs) != 1 || len(m.Outputs) != 1 || m.Inputs[0].Type != "uint8" || m.Outputs[0].Type != "float" {
		t.Fatalf("%+v %v", m, err)
	}
	if m.Inputs[0].Dims[1].Size != foreigntest.Size || m.Outputs[0].Dims[1].Size != foreigntest.Patches || m.Outputs[0].Dims[2].Size != foreigntest.Dim {
		t.Errorf("%+v", m)
	}
}

func TestEncoderIsNotTrained(t *testing.T) {
	b := encoderBundle(t)
	if _, _, err := b.Network(); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), "(ViT small)") || !strings.Contains(err.Error(), "cannot be trained") {
		t.Errorf("%v", err)
	}
	if _, err := b.Weights(t.Context()); !errors.Is(err, ErrInvalid) {
		t.Errorf("%v", err)
	}
}

func TestEncoderTakesTheVocabularysSpace(t *testing.T) {
	graph := foreigntest.New(1).ONNX(t, foreigntest.Export{})
	if _, err := NewEncoder(graph, patches(), BuildOptions{Vocabulary: pets()}); !errors.Is(err, ErrMismatch) {
		t.Errorf("another dimension: %v", err)
	}
}

func TestEncoderThatIsNotAsDescribed(t *testing.T) {
	graph := foreigntest.New(1).ONNX(t, foreigntest.Export{})
	other := patches()
	other.Output.Name = "embedding"
	if _, err := NewEncoder(graph, other, BuildOptions{}); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), `no output "embedding"`) {
		t.Errorf("%v", err)
	}
	if _, err := NewEncoder([]byte("hello"), patches(), BuildOptions{}); !errors.Is(err, ErrInvalid) {
		t.Errorf("no model: %v", err)
	}
	if _, err := ReadGraph(t.Context(), filepath.Join(t.TempDir(), "none.onnx")); !errors.Is(err, storage.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

func TestWithBatchIsAnotherBundle(t *testing.T) {
	b := encoderBundle(t)
	single, err := b.WithBatch(1)
	if err != nil || single.ID() == b.ID() || b.Description.Input.Batch != 0 {
		t.Errorf("%v", err)
	}
	if _, err := b.WithBatch(-1); !errors.Is(err, ErrInvalid) {
		t.Errorf("-1 images: %v", err)
	}
}

func TestEncoderDescriptionEachField(t *testing.T) {
	for want, change := range map[string]func(*Description){
		"input.name is missing":          func(d *Description) { d.Input.Name = "" },
		"input.name is":                  func(d *Description) { d.Input.Name = "a\nb" },
		"input.type is":                  func(d *Description) { d.Input.Type = "float64" },
		"input.layout is":                func(d *Description) { d.Input.Layout = "chw" },
		"input.batch is -1":              func(d *Description) { d.Input.Batch = -1 },
		"want at most 268435456 pixels":  func(d *Description) { d.Input.Batch, d.Input.Size, d.Input.ShortSide = 4096, 4096, 0 },
		"input.short_side is 15":         func(d *Description) { d.Input.ShortSide = 15 },
		"want scale 1":                   func(d *Description) { d.Input.Type = foreign.Uint8 },
		"output is missing":              func(d *Description) { d.Output = nil },
		"output.name is missing":         func(d *Description) { d.Output.Name = "" },
		"output.layout is":               func(d *Description) { d.Output.Layout = "kd" },
		"output.skip_rows is":            func(d *Description) { d.Output.SkipRows = -1 },
		`output.layout is "nd", which`:   func(d *Description) { d.Output.Layout = foreign.ND },
		"architecture.layers and width":  func(d *Description) { d.Architecture.Width = 1 },
		"architecture.name is":           func(d *Description) { d.Architecture.Name = strings.Repeat("a", 200) },
		"files holds more than embed":    func(d *Description) { d.Files.Weights = fileOf(weightsName, []byte("w")) },
		`architecture.kind is "pytorch"`: func(d *Description) { d.Architecture.Kind = "pytorch" },
		"row_reduction.k is 17":          func(d *Description) { d.RowReduction.K = 17 },
	} {
		d := encoderBundle(t).Description
		out := *d.Output
		d.Output = &out
		if change(&d); d.Validate() == nil || !strings.Contains(d.Validate().Error(), want) {
			t.Errorf("%s: %v", want, d.Validate())
		}
	}
}

// TestATResNetHasNothingOfAnEncoder: a field that would do nothing is refused.
func TestATResNetHasNothingOfAnEncoder(t *testing.T) {
	for name, change := range map[string]func(*Description){
		"name":   func(d *Description) { d.Architecture.Name = "TResNet-M" },
		"input":  func(d *Description) { d.Input.Name = "pixels" },
		"batch":  func(d *Description) { d.Input.Batch = 1 },
		"output": func(d *Description) { d.Output = &Output{Name: "embedding", Layout: foreign.NKD} },
		"type":   func(d *Description) { d.Input.Type = foreign.Float32 },
	} {
		d := sample()
		if change(&d); !errors.Is(d.Validate(), ErrInvalid) {
			t.Errorf("%s: accepted", name)
		}
	}
}

// TestIDsStay: a bundle that a dataset names must be found under its ID by later
// versions, too.
func TestIDsStay(t *testing.T) {
	ours := sample()
	if got, want := ours.ID(), "sha256:d67037d4a417d10ee279d5884d96fe9f35226d783b7c04c1981bfd58fc61a55f"; got != want {
		t.Errorf("a TResNet's is %s, want %s", got, want)
	}
	theirs := encoderBundle(t).Description
	theirs.Files.Embed = fileOf(encoderName, []byte("graph"))
	if got, want := theirs.ID(), "sha256:4d411ec4180f9813f481473b29c2e773f47d8478764a1864b164765147779139"; got != want {
		t.Errorf("an encoder's is %s, want %s", got, want)
	}
}

func TestEncoderIDFollowsEachField(t *testing.T) {
	id := encoderBundle(t).ID()
	for name, change := range map[string]func(*Encoder){
		"short side": func(e *Encoder) { e.Input.ShortSide = 0 },
		"mean":       func(e *Encoder) { e.Input.Mean[1] = 0 },
		"std":        func(e *Encoder) { e.Input.Std[2] = 1 },
		"scale":      func(e *Encoder) { e.Input.Scale = 1 },
		"output":     func(e *Encoder) { e.Output.SkipRows, e.Rows = 0, foreigntest.Patches+1 },
	} {
		e := patches()
		change(&e)
		b, err := NewEncoder(foreigntest.New(1).ONNX(t, foreigntest.Export{}), e, BuildOptions{})
		if err != nil || b.ID() == id {
			t.Errorf("%s did not change the id: %v", name, err)
		}
	}
}
