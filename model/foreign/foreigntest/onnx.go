package foreigntest

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/sdl-batch/sdl-batch/model/foreign"
	"github.com/sdl-batch/sdl-batch/model/onnxgraph"
	"github.com/sdl-batch/sdl-batch/model/onnxgraph/onnxpb"
	"github.com/sdl-batch/sdl-batch/model/tensor"
)

// Names of the graph's inputs and outputs.
const (
	Images = "pixel_values"
	Class  = "image_embeds"      // [n,D], of the class token: as CLIP gives
	Rows   = "last_hidden_state" // [n,1+Patches,D], or as Export.Layout says
)

// Export says how a network is written. The zero value takes float32 [n,3,S,S].
type Export struct {
	Type   string // foreign.Float32, Float16 or Uint8; uint8 is divided by 255 inside
	NHWC   bool
	Batch  int    // images a run; 0: any
	Baked  bool   // says that it takes any number, and takes one
	Layout string // of Rows: foreign.NKD; others leave the class token out
	Vague  bool   // tells no axis of its input, as many programs do

	Outside   bool // has an operator of another library
	Quantised bool // brings its input to 8 bits, by the range of all images of a run
}

// ONNX writes the network for a test.
func (n *Net) ONNX(t testing.TB, e Export) []byte {
	t.Helper()
	model, err := n.Encode(e)
	if err != nil {
		t.Fatal(err)
	}
	return model
}

// Encode writes the network: with the oldest format and operators that it needs.
func (n *Net) Encode(e Export) ([]byte, error) {
	graph, err := n.graph(e)
	if err != nil {
		return nil, err
	}
	if e.Outside {
		graph.Node[0].Domain = proto.String("org.example")
	}
	return proto.MarshalOptions{Deterministic: true}.Marshal(&onnxpb.ModelProto{
		IrVersion:   proto.Int64(7),
		OpsetImport: []*onnxpb.OperatorSetIdProto{{Domain: proto.String(""), Version: proto.Int64(13)}},
		Graph:       graph,
	})
}

func (n *Net) graph(e Export) (*onnxpb.GraphProto, error) {
	b := onnxgraph.New("encoder")
	images := onnxgraph.Free("batch")
	if e.Batch > 0 {
		images = onnxgraph.Size(e.Batch)
	}
	tokens := n.graphTokens(b, e.input(b, images), e)
	rows := b.MatMul(n.attend(b, tokens), b.Constant("project", n.project))
	out := onnxgraph.Float32
	if e.Type == foreign.Float16 {
		rows, out = b.Cast(rows, onnxgraph.Float16), onnxgraph.Float16
	}
	class := b.Reshape(b.Gather(rows, b.Ints(0), 1), -1, Dim)
	b.Output(Class, class, out, images, onnxgraph.Size(Dim))
	rows, dims := e.arrange(b, rows)
	b.Output(Rows, rows, out, append([]onnxgraph.Dim{images}, dims...)...)
	return b.Graph()
}

var elementTypes = map[string]onnxgraph.ElementType{
	"": onnxgraph.Float32, foreign.Float32: onnxgraph.Float32, foreign.Float16: onnxgraph.Float16, foreign.Uint8: onnxgraph.Uint8,
}

// input gives float32 [n,3,S,S].
func (e Export) input(b *onnxgraph.Builder, images onnxgraph.Dim) *onnxgraph.Value {
	dims := []onnxgraph.Dim{images, onnxgraph.Size(3), onnxgraph.Size(Size), onnxgraph.Size(Size)}
	if e.NHWC {
		dims[1], dims[3] = dims[3], dims[1]
	}
	if e.Vague {
		dims = []onnxgraph.Dim{images, onnxgraph.Free("channels"), onnxgraph.Free("height"), onnxgraph.Free("width")}
	}
	x := b.Input(Images, elementTypes[e.Type], dims...)
	if e.NHWC {
		x = b.Transpose(x, 0, 3, 1, 2)
	}
	x = b.Cast(x, onnxgraph.Float32)
	if e.Type == foreign.Uint8 {
		x = b.Div(x, b.Scalar(255))
	}
	if e.Quantised {
		parts := b.Node("DynamicQuantizeLinear", 3, nil, x)
		x = b.Node("DequantizeLinear", 1, nil, parts...)[0]
	}
	return x
}

func (n *Net) graphTokens(b *onnxgraph.Builder, x *onnxgraph.Value, e Export) *onnxgraph.Value {
	images := -1
	if e.Baked {
		images = 1
	}
	x = b.Conv(x, b.Constant("conv", n.conv), nil, onnxgraph.Convolution{Kernel: [2]int{patch, patch}, Stride: patch})
	x = b.Transpose(b.Reshape(x, images, width, Patches), 0, 2, 1)
	return b.Add(b.Pad(x, []int{0, 1, 0}, []int{0, 0, 0}), b.Constant("places", n.places))
}

func (n *Net) attend(b *onnxgraph.Builder, tokens *onnxgraph.Value) *onnxgraph.Value {
	queries := b.MatMul(tokens, b.Constant("query", n.query))
	scores := b.MatMul(queries, b.Transpose(tokens, 0, 2, 1))
	scores = b.Mul(scores, b.Constant("", tensor.Tensor{Values: []float32{0.35355339}}))
	weights := b.Node("Softmax", 1, onnxgraph.Attrs{"axis": -1}, scores)[0]
	return b.Add(tokens, b.MatMul(weights, b.MatMul(tokens, b.Constant("value", n.value))))
}

// arrange brings rows [n,1+Patches,D] to the layout.
func (e Export) arrange(b *onnxgraph.Builder, rows *onnxgraph.Value) (*onnxgraph.Value, []onnxgraph.Dim) {
	if e.Layout == "" || e.Layout == foreign.NKD {
		return rows, onnxgraph.Sizes(1+Patches, Dim)
	}
	places := make([]int, Patches)
	for i := range places {
		places[i] = 1 + i
	}
	rows = b.Gather(rows, b.Ints(places...), 1)
	switch e.Layout {
	case foreign.NDK:
		return b.Transpose(rows, 0, 2, 1), onnxgraph.Sizes(Dim, Patches)
	case foreign.NDHW:
		return b.Reshape(b.Transpose(rows, 0, 2, 1), -1, Dim, side, side), onnxgraph.Sizes(Dim, side, side)
	}
	return b.Reshape(rows, -1, side, side, Dim), onnxgraph.Sizes(side, side, Dim)
}
