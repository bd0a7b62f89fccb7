package foreign_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/sdl-batch/sdl-batch/model/foreign"
	"github.com/sdl-batch/sdl-batch/model/foreign/foreigntest"
	"github.com/sdl-batch/sdl-batch/model/onnxgraph/onnxpb"
	"github.com/sdl-batch/sdl-batch/model/ort"
	"github.com/sdl-batch/sdl-batch/model/ort/orttest"
)

var (
	mean = [3]float64{0.5, 0.25, 0.125}
	std  = [3]float64{0.25, 0.5, 1}
	net  = foreigntest.New(7)
)

// takes is the input of an export.
func takes(e foreigntest.Export) foreign.Input {
	in := foreign.Input{Name: foreigntest.Images, Type: e.Type, Layout: foreign.NCHW, Size: foreigntest.Size, Batch: e.Batch, Scale: 1.0 / 255, Mean: mean, Std: std}
	if in.Type == "" {
		in.Type = foreign.Float32
	}
	if e.NHWC {
		in.Layout = foreign.NHWC
	}
	if e.Type == foreign.Uint8 {
		in.Scale, in.Mean, in.Std = 1, [3]float64{}, [3]float64{1, 1, 1}
	}
	return in
}

func noise(n int) []byte {
	random := rand.New(rand.NewPCG(3, 0))
	pixels := make([]byte, n*3*foreigntest.Size*foreigntest.Size)
	for i := range pixels {
		pixels[i] = byte(random.Uint32())
	}
	return pixels
}

// plain are the rows from first on, computed in loops.
func plain(pixels []byte, n, first, count int, in foreign.Input) (out []float32) {
	mean, std := in.Mean, in.Std
	image := 3 * foreigntest.Size * foreigntest.Size
	for i := range n {
		for _, row := range net.Embed(pixels[i*image:][:image], mean, std)[first:][:count] {
			for _, v := range row {
				out = append(out, float32(v))
			}
		}
	}
	return out
}

func TestEveryKindOfInputAndOutput(t *testing.T) {
	orttest.Load(t)
	class := foreign.Output{Name: foreigntest.Class, Layout: foreign.ND, Rows: 1, Dim: foreigntest.Dim}
	patches := func(layout string) foreign.Output {
		return foreign.Output{Name: foreigntest.Rows, Layout: layout, Rows: foreigntest.Patches, Dim: foreigntest.Dim}
	}
	behind := patches(foreign.NKD)
	behind.Skip = 1
	all := patches(foreign.NKD)
	all.Rows++
	for _, c := range []struct {
		name   string
		export foreigntest.Export
		out    foreign.Output
		first  int
		most   float64
	}{
		{"a class token", foreigntest.Export{}, class, 0, 5e-5},
		{"colours last", foreigntest.Export{NHWC: true}, class, 0, 5e-5},
		{"bytes", foreigntest.Export{Type: foreign.Uint8}, class, 0, 5e-5},
		{"bytes, colours last", foreigntest.Export{Type: foreign.Uint8, NHWC: true}, class, 0, 5e-5},
		{"half precision", foreigntest.Export{Type: foreign.Float16}, class, 0, 0.05},
		{"half precision, colours last", foreigntest.Export{Type: foreign.Float16, NHWC: true}, behind, 1, 0.05},
		{"one image a run", foreigntest.Export{Batch: 1}, class, 0, 5e-5},
		{"three images a run", foreigntest.Export{Batch: 3}, behind, 1, 5e-5},
		{"more images a run than there are", foreigntest.Export{Batch: 8}, behind, 1, 5e-5},
		{"a shape that tells nothing", foreigntest.Export{Vague: true}, class, 0, 5e-5},
		{"patches and a class token", foreigntest.Export{}, all, 0, 5e-5},
		{"patches behind a class token", foreigntest.Export{}, behind, 1, 5e-5},
		{"dimension first", foreigntest.Export{Layout: foreign.NDK}, patches(foreign.NDK), 1, 5e-5},
		{"a map, dimension first", foreigntest.Export{Layout: foreign.NDHW}, patches(foreign.NDHW), 1, 5e-5},
		{"a map, dimension last", foreigntest.Export{Layout: foreign.NHWD}, patches(foreign.NHWD), 1, 5e-5},
	} {
		t.Run(c.name, func(t *testing.T) {
			const n = 4
			in := takes(c.export)
			reference := in
			if c.export.Type == foreign.Uint8 {
				reference.Std = [3]float64{1, 1, 1}
			}
			got := embed(t, net.ONNX(t, c.export), foreign.Spec{Input: in, Output: c.out}, noise(n), n)
			near(t, got, plain(noise(n), n, c.first, c.out.Rows, reference), c.most)
		})
	}
}

// changed is the class-token encoder with a change.
func changed(t testing.TB, change func(*onnxpb.ModelProto)) []byte {
	t.Helper()
	m := &onnxpb.ModelProto{}
	if err := proto.Unmarshal(net.ONNX(t, foreigntest.Export{}), m); err != nil {
		t.Fatal(err)
	}
	change(m)
	raw, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func classSpec() foreign.Spec {
	return foreign.Spec{
		Input:  takes(foreigntest.Export{}),
		Output: foreign.Output{Name: foreigntest.Class, Layout: foreign.ND, Rows: 1, Dim: foreigntest.Dim},
	}
}

// TestForeignNamesDoNotClash gives a value of the encoder the name that the
// adapter would take.
func TestForeignNamesDoNotClash(t *testing.T) {
	orttest.Load(t)
	model := changed(t, func(m *onnxpb.ModelProto) {
		rename(m.Graph, "t1", "sdl.pixels")
		rename(m.Graph, "t2", "sdl..back.t1")
	})
	got := embed(t, model, classSpec(), noise(1), 1)
	near(t, got, plain(noise(1), 1, 0, 1, classSpec().Input), 5e-5)
}

func rename(g *onnxpb.GraphProto, from, to string) {
	for _, n := range g.Node {
		for _, names := range [][]string{n.Input, n.Output} {
			for i := range names {
				if names[i] == from {
					names[i] = to
				}
			}
		}
	}
}

// TestOldModelsListConstantsAsInputs: before version 4 of the format all did.
func TestOldModelsListConstantsAsInputs(t *testing.T) {
	orttest.Load(t)
	model := changed(t, func(m *onnxpb.ModelProto) {
		m.IrVersion = proto.Int64(3)
		for _, c := range m.Graph.Initializer {
			m.Graph.Input = append(m.Graph.Input, &onnxpb.ValueInfoProto{Name: c.Name, Type: m.Graph.Output[0].Type})
		}
	})
	got := embed(t, model, classSpec(), noise(1), 1)
	near(t, got, plain(noise(1), 1, 0, 1, classSpec().Input), 5e-5)
	adapted, err := foreign.Adapt(model, classSpec())
	if err != nil {
		t.Fatal(err)
	}
	m := &onnxpb.ModelProto{}
	if err := proto.Unmarshal(adapted, m); err != nil || m.GetIrVersion() < 4 {
		t.Errorf("version %d, which has no constants apart from inputs; %v", m.GetIrVersion(), err)
	}
}

// TestWhatABranchReadsStays: a graph inside a node reads values from outside.
func TestWhatABranchReadsStays(t *testing.T) {
	orttest.Load(t)
	model := changed(t, func(m *onnxpb.ModelProto) {
		g := m.Graph
		rename(g, foreigntest.Class, "inner")
		branch := func(name string) *onnxpb.AttributeProto {
			out := &onnxpb.ValueInfoProto{Name: proto.String(name + ".out"), Type: g.Output[0].Type}
			copied := &onnxpb.NodeProto{OpType: proto.String("Identity"), Input: []string{"inner"}, Output: []string{name + ".out"}}
			return &onnxpb.AttributeProto{
				Name: proto.String(name), Type: onnxpb.AttributeProto_GRAPH.Enum(),
				G: &onnxpb.GraphProto{Name: proto.String(name), Node: []*onnxpb.NodeProto{copied}, Output: []*onnxpb.ValueInfoProto{out}},
			}
		}
		g.Initializer = append(g.Initializer, &onnxpb.TensorProto{Name: proto.String("yes"), DataType: proto.Int32(int32(onnxpb.TensorProto_BOOL)), RawData: []byte{1}})
		g.Node = append(g.Node, &onnxpb.NodeProto{
			OpType: proto.String("If"), Input: []string{"yes"}, Output: []string{foreigntest.Class},
			Attribute: []*onnxpb.AttributeProto{branch("then_branch"), branch("else_branch")},
		})
	})
	got := embed(t, model, classSpec(), noise(1), 1)
	near(t, got, plain(noise(1), 1, 0, 1, classSpec().Input), 5e-5)
}

// TestOnlyTheImageHalfStays: what the output does not need goes, before the
// runtime holds memory for it.
func TestOnlyTheImageHalfStays(t *testing.T) {
	spec := foreign.Spec{Input: clipPixels("pixel_values"), Output: foreign.Output{Name: "image_embeds", Layout: foreign.ND, Rows: 1, Dim: 12}}
	adapted, err := foreign.Adapt(read(t, "clip.onnx"), spec)
	if err != nil {
		t.Fatal(err)
	}
	m, err := ort.Inspect(adapted)
	if err != nil || len(m.Inputs) != 1 || len(m.Outputs) != 1 {
		t.Fatalf("%+v %v", m, err)
	}
	whole, err := foreign.Parameters(read(t, "clip.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	half, err := foreign.Parameters(adapted)
	const tokens, normalising = 10 * 12, 2 * 3 // the text half's table; gain and offset of the pixels
	if err != nil || half > whole-tokens+normalising+64 || half < whole/2 {
		t.Errorf("%d of %d parameters are left, %v", half, whole, err)
	}
}

func TestAdaptRefuses(t *testing.T) {
	output := func(name string) foreign.Spec {
		s := foreign.Spec{Input: clipPixels("pixel_values"), Output: foreign.Output{Name: name, Layout: foreign.ND, Rows: 1, Dim: 12}}
		return s
	}
	other := output("image_embeds")
	other.Input.Name = "images"
	old := changed(t, func(m *onnxpb.ModelProto) { m.OpsetImport[0].Version = proto.Int64(6) })
	for _, c := range []struct {
		name  string
		model []byte
		spec  foreign.Spec
		want  string
	}{
		{"another output", read(t, "clip.onnx"), output("embeds"), `no output "embeds"`},
		{"another input", read(t, "clip.onnx"), other, `no input "images"`},
		{"the text half", read(t, "clip.onnx"), output("text_embeds"), `"text_embeds" does not depend on the input "pixel_values"`},
		{"both halves", read(t, "clip.onnx"), output("logits_per_text"), `also needs the input "input_ids"`},
		{"an old operator set", old, classSpec(), "operator set 7"},
		{"no model", []byte("hello"), classSpec(), "not an onnx model"},
		{"nothing", nil, classSpec(), "no graph"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for what, err := range map[string]error{
				"adapt": second(foreign.Adapt(c.model, c.spec)), "feed": second(foreign.Feed(c.model, c.spec.Input, c.spec.Output.Name)),
			} {
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("%s: error %v, want %q", what, err, c.want)
				}
			}
		})
	}
}

func second(_ []byte, err error) error { return err }

func FuzzAdapt(f *testing.F) {
	for _, name := range []string{"clip.onnx", "patches.onnx", "head.onnx"} {
		f.Add(read(f, name), "pixel_values", "image_embeds", foreign.NKD, 1, 4, 3)
	}
	f.Add(net.ONNX(f, foreigntest.Export{Batch: 2}), foreigntest.Images, foreigntest.Rows, foreign.NDHW, 0, foreigntest.Patches, foreigntest.Dim)
	f.Add(changed(f, func(m *onnxpb.ModelProto) { m.Graph.Output = m.Graph.Output[1:] }), foreigntest.Images, foreigntest.Rows, foreign.NDK, 1, 16, 6)
	f.Fuzz(func(t *testing.T, model []byte, input, output, layout string, skip, rows, dim int) {
		in := clipPixels(input)
		out := foreign.Output{Name: output, Layout: layout, Skip: skip & 0xff, Rows: 1 + rows&0xff, Dim: 1 + dim&0xff}
		adapted, err := foreign.Adapt(model, foreign.Spec{Input: in, Output: out})
		if err != nil {
			return
		}
		m, err := ort.Inspect(adapted)
		if err != nil {
			return // refused as it would be unadapted
		}
		if len(m.Inputs) != 1 || len(m.Outputs) != 1 || m.Inputs[0].Type != "uint8" || m.Outputs[0].Type != "float" {
			t.Errorf("%+v", m)
		}
	})
}
