package foreign

import (
	"fmt"
	"math"

	"google.golang.org/protobuf/proto"

	"github.com/sdl-batch/sdl-batch/model/onnxgraph"
	"github.com/sdl-batch/sdl-batch/model/onnxgraph/onnxpb"
)

// Adapt returns the encoder with the interface of the program's own graphs. A
// graph that has not the inputs and outputs of the spec is an error. The spec's
// numbers must be sound, as model.Description's Validate says.
func Adapt(model []byte, s Spec) ([]byte, error) {
	g, err := open(model)
	if err != nil {
		return nil, err
	}
	if err := g.prune(s.Input.Name, s.Output.Name); err != nil {
		return nil, err
	}
	if err := g.front(s.Input); err != nil {
		return nil, err
	}
	if err := g.back(s.Output, s.Input.Batch); err != nil {
		return nil, err
	}
	return g.bytes()
}

// Feed returns the encoder that takes pixels and gives the named output as it
// is, but float32: for a first look at that output's shape.
func Feed(model []byte, in Input, output string) ([]byte, error) {
	g, err := open(model)
	if err != nil {
		return nil, err
	}
	if err := g.prune(in.Name, output); err != nil {
		return nil, err
	}
	if err := g.front(in); err != nil {
		return nil, err
	}
	b := onnxgraph.NewPart("look", g.prefix+"look.")
	x := b.Cast(b.Input(output, onnxgraph.Float32), onnxgraph.Float32)
	b.Output(g.prefix+"output", x, onnxgraph.Float32)
	if err := g.end(b); err != nil {
		return nil, err
	}
	g.pb.Output[0].GetType().GetTensorType().Shape = nil // the runtime finds it
	return g.bytes()
}

// front makes pixels the graph's input: uint8 [n,S,S,3].
func (g *graph) front(in Input) error {
	b := onnxgraph.NewPart("front", g.prefix+"front.")
	size := onnxgraph.Size(in.Size)
	x := b.Input(g.prefix+"pixels", onnxgraph.Uint8, g.batch(in.Batch), size, size, onnxgraph.Size(3))
	if in.Layout == NCHW {
		x = b.Transpose(x, 0, 3, 1, 2) // while a value is one byte
	}
	if in.Type != Uint8 {
		x = in.normalise(b, b.Cast(x, onnxgraph.Float32))
	}
	if in.Type == Float16 {
		x = b.Cast(x, onnxgraph.Float16)
	}
	b.Output(in.Name, x, onnxgraph.Float32)
	part, err := b.Graph()
	if err != nil {
		return err
	}
	g.pb.Input = part.Input
	g.pb.Node = append(part.Node, g.pb.Node...)
	g.store(part)
	return nil
}

// back makes the embedding the graph's output: float32 [n,K,D].
func (g *graph) back(out Output, batch int) error {
	b := onnxgraph.NewPart("back", g.prefix+"back.")
	x := out.matrices(b, b.Input(out.Name, onnxgraph.Float32))
	b.Output(g.prefix+"embedding", x, onnxgraph.Float32, g.batch(batch), onnxgraph.Size(out.Rows), onnxgraph.Size(out.Dim))
	return g.end(b)
}

// end puts a part behind the graph.
func (g *graph) end(b *onnxgraph.Builder) error {
	part, err := b.Graph()
	if err != nil {
		return err
	}
	g.pb.Output = part.Output
	g.pb.Node = append(g.pb.Node, part.Node...)
	g.store(part)
	return nil
}

// store takes a part's constants.
func (g *graph) store(part *onnxpb.GraphProto) {
	for _, t := range part.Initializer {
		g.values.add(t)
		g.pb.Initializer = append(g.pb.Initializer, t)
	}
}

func (g *graph) batch(n int) onnxgraph.Dim {
	if n > 0 {
		return onnxgraph.Size(n)
	}
	return onnxgraph.Free(g.prefix + "n")
}

// bytes writes the model. Constants that are not inputs came with version 4 of
// the format.
func (g *graph) bytes() ([]byte, error) {
	const constantsApart = 4
	g.model.IrVersion = proto.Int64(max(g.model.GetIrVersion(), constantsApart))
	light, err := proto.MarshalOptions{Deterministic: true}.Marshal(g.model)
	if err != nil {
		return nil, err
	}
	whole, err := g.values.join(light)
	if err == nil && len(whole) > math.MaxInt32 {
		err = fmt.Errorf("the encoder of %d bytes is beyond the format's limit of 2 GiB", len(whole))
	}
	return whole, err
}

// constantNames are the names of what a graph stores.
func constantNames(pb *onnxpb.GraphProto) map[string]bool {
	names := map[string]bool{}
	for _, t := range pb.GetInitializer() {
		names[t.GetName()] = true
	}
	for _, t := range pb.GetSparseInitializer() {
		names[t.GetValues().GetName()] = true
	}
	return names
}
