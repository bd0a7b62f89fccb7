package foreign

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/sdl-batch/sdl-batch/model/onnxgraph/onnxpb"
)

const (
	minOpset   = 7   // Mul and Add broadcast from here on
	maxNesting = 100 // of messages, as the runtime has it
)

// graph is an encoder being adapted.
type graph struct {
	model  *onnxpb.ModelProto
	pb     *onnxpb.GraphProto
	prefix string // that no name of the encoder has
	values values
}

func open(model []byte) (*graph, error) {
	apart := values{model: model}
	light, err := apart.cut()
	if err != nil {
		return nil, fmt.Errorf("not an onnx model: %w", err)
	}
	pb := &onnxpb.ModelProto{}
	if err := (proto.UnmarshalOptions{RecursionLimit: maxNesting}).Unmarshal(light, pb); err != nil {
		return nil, fmt.Errorf("not an onnx model: %w", err)
	}
	if pb.GetGraph() == nil {
		return nil, fmt.Errorf("not an onnx model: no graph")
	}
	for _, o := range pb.GetOpsetImport() {
		if domain := o.GetDomain(); (domain == "" || domain == "ai.onnx") && o.GetVersion() >= minOpset {
			g := &graph{model: pb, pb: pb.GetGraph(), values: apart}
			g.prefix = freePrefix(g.pb)
			return g, nil
		}
	}
	return nil, fmt.Errorf("the model is not of operator set %d or newer: export it with a newer opset", minOpset)
}

// freePrefix is a beginning that no name of the graph has.
func freePrefix(pb *onnxpb.GraphProto) string {
	prefix := "sdl."
	eachName(pb, func(name string) {
		for strings.HasPrefix(name, prefix) {
			prefix += "."
		}
	})
	return prefix
}

// eachName calls do with the name of every value that a graph or a graph inside
// it holds or takes from outside.
func eachName(pb *onnxpb.GraphProto, do func(string)) {
	for name := range constantNames(pb) {
		do(name)
	}
	for _, ports := range [][]*onnxpb.ValueInfoProto{pb.GetInput(), pb.GetOutput()} {
		for _, v := range ports {
			do(v.GetName())
		}
	}
	for _, n := range pb.GetNode() {
		do(n.GetName())
		for _, name := range n.GetOutput() {
			do(name)
		}
		eachUse(n, do)
	}
}

// eachUse calls do with every name that a node, or a graph inside it, may read.
func eachUse(n *onnxpb.NodeProto, do func(string)) {
	for _, name := range n.GetInput() {
		do(name)
	}
	for _, a := range n.GetAttribute() {
		if a.GetG() != nil {
			eachName(a.GetG(), do)
		}
		for _, inner := range a.GetGraphs() {
			eachName(inner, do)
		}
	}
}
