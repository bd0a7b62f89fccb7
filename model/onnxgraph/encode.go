package onnxgraph

import (
	"fmt"
	"math"

	"google.golang.org/protobuf/proto"

	"github.com/sdl-batch/sdl-batch/model/onnxgraph/onnxpb"
)

// Bytes returns the model, or the first mistake of its making.
func (b *Builder) Bytes() ([]byte, error) {
	graph, err := b.Graph()
	if err != nil {
		return nil, err
	}
	model := &onnxpb.ModelProto{
		IrVersion:    proto.Int64(irVersion),
		ProducerName: proto.String(producer),
		OpsetImport:  []*onnxpb.OperatorSetIdProto{{Domain: proto.String(""), Version: proto.Int64(Opset)}},
		Graph:        graph,
	}
	if size := proto.Size(model); size > math.MaxInt32 {
		return nil, fmt.Errorf("onnxgraph: %s: %d bytes are more than the format's 2 GiB", b.name, size)
	}
	return proto.MarshalOptions{Deterministic: true}.Marshal(model)
}

// Graph returns the graph alone, or the first mistake of its making. It shares
// memory with the builder.
func (b *Builder) Graph() (*onnxpb.GraphProto, error) {
	graph := &onnxpb.GraphProto{Name: &b.name, Initializer: b.constants, Input: b.inputs, Output: b.outputs}
	for i, n := range b.nodes {
		graph.Node = append(graph.Node, b.node(i, n))
	}
	for _, d := range b.declared {
		graph.ValueInfo = append(graph.ValueInfo, d.info())
	}
	b.checkNames(graph)
	if b.err != nil {
		return nil, fmt.Errorf("onnxgraph: %s: %w", b.name, b.err)
	}
	return graph, nil
}

func (b *Builder) node(i int, n *Node) *onnxpb.NodeProto {
	p := &onnxpb.NodeProto{OpType: &n.Op, Name: proto.String(fmt.Sprintf("%s%s_%d", b.prefix, n.Op, i)), Attribute: b.attributes(n)}
	if n.Domain != "" {
		p.Domain = &n.Domain
	}
	for _, v := range n.Inputs {
		p.Input = append(p.Input, v.String())
	}
	for _, v := range n.Outputs {
		p.Output = append(p.Output, v.String())
	}
	return p
}

// checkNames reports a name that two values have.
func (b *Builder) checkNames(graph *onnxpb.GraphProto) {
	seen := map[string]bool{"": true}
	take := func(name string) {
		if seen[name] {
			b.fail("two values are called %q", name)
		}
		seen[name] = true
	}
	for _, v := range graph.Input {
		take(v.GetName())
	}
	for _, t := range graph.Initializer {
		take(t.GetName())
	}
	for _, n := range graph.Node {
		for _, name := range n.Output {
			take(name)
		}
	}
}
