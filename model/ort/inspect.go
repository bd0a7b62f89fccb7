package ort

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/sdl-batch/sdl-batch/model/onnxgraph"
	"github.com/sdl-batch/sdl-batch/model/onnxgraph/onnxpb"
)

// Model says what a graph takes and gives.
type Model struct {
	Producer        string
	Opset           int // of the standard operators
	Inputs, Outputs []Port
}

// Port is one input or output of a graph.
type Port struct {
	Name string
	Type string // "float", "uint8", …; of tensors only
	Dims []Dim  // nil where the model does not tell
}

// Dim is one axis: a size, or a name for a size that each run chooses.
type Dim struct {
	Size int // 0 where free
	Name string
}

// String is the size, else the name.
func (d Dim) String() string {
	switch {
	case d.Size > 0:
		return fmt.Sprint(d.Size)
	case d.Name != "":
		return d.Name
	}
	return "?"
}

// Inspect reads an ONNX model's interface without the runtime, and checks the
// model as Check does.
func Inspect(model []byte) (Model, error) {
	pb, err := parse(model)
	if err != nil {
		return Model{}, err
	}
	if err := check(pb); err != nil {
		return Model{}, err
	}
	m := Model{Producer: pb.GetProducerName(), Opset: opset(pb)}
	stored := map[string]bool{}
	for _, t := range pb.GetGraph().GetInitializer() {
		stored[t.GetName()] = true
	}
	for _, v := range pb.GetGraph().GetInput() {
		if !stored[v.GetName()] {
			m.Inputs = append(m.Inputs, port(v))
		}
	}
	for _, v := range pb.GetGraph().GetOutput() {
		m.Outputs = append(m.Outputs, port(v))
	}
	if len(m.Inputs) == 0 || len(m.Outputs) == 0 {
		return Model{}, fmt.Errorf("ort: onnx model has %d inputs and %d outputs", len(m.Inputs), len(m.Outputs))
	}
	return m, nil
}

// maxNesting bounds the depth of messages, as the runtime does.
const maxNesting = 100

// parse reads a model without the values that its graph stores: they may be most
// of a machine's memory.
func parse(model []byte) (*onnxpb.ModelProto, error) {
	light, err := onnxgraph.MapRawData(model, func(int, []byte) []byte { return nil })
	if err != nil {
		return nil, fmt.Errorf("ort: not an onnx model: %w", err)
	}
	pb := &onnxpb.ModelProto{}
	if err := (proto.UnmarshalOptions{RecursionLimit: maxNesting}).Unmarshal(light, pb); err != nil {
		return nil, fmt.Errorf("ort: not an onnx model: %w", err)
	}
	if pb.GetGraph() == nil || len(pb.GetOpsetImport()) == 0 {
		return nil, fmt.Errorf("ort: not an onnx model: no graph or no operator set")
	}
	return pb, nil
}

func opset(pb *onnxpb.ModelProto) int {
	for _, o := range pb.GetOpsetImport() {
		if standard(o.GetDomain()) {
			return int(o.GetVersion())
		}
	}
	return 0
}

func port(v *onnxpb.ValueInfoProto) Port {
	t := v.GetType().GetTensorType()
	p := Port{Name: v.GetName(), Type: elementName(t.GetElemType())}
	if t.GetShape() == nil {
		return p
	}
	p.Dims = []Dim{}
	for _, d := range t.GetShape().GetDim() {
		p.Dims = append(p.Dims, Dim{Size: int(max(d.GetDimValue(), 0)), Name: d.GetDimParam()})
	}
	return p
}

func names(ports []Port) []string {
	out := make([]string, len(ports))
	for i, p := range ports {
		out[i] = p.Name
	}
	return out
}
