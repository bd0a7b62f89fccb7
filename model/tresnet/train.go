package tresnet

import (
	"fmt"
	"strings"

	"github.com/sdl-batch/sdl-batch/model/onnxgraph"
	"github.com/sdl-batch/sdl-batch/model/tensor"
)

// Depth says how much of a net a training changes.
type Depth int

// The depths.
const (
	Whole     Depth = iota // every parameter
	LastStage              // the fourth stage and the head; the rest computes as in inference
	Head                   // the embedding layer alone, on features
)

// Trainable lists the tensors that a training of some depth changes, running
// statistics among them, in the order of Parameters.
func (a Architecture) Trainable(depth Depth) []Parameter {
	var list []Parameter
	for _, p := range a.Parameters() {
		last := strings.HasPrefix(p.Name, "layer4.")
		if depth == Whole || p.Name == EmbeddingWeight || depth == LastStage && last {
			list = append(list, p)
		}
	}
	return list
}

// IsStatistic tells running statistics, which a forward pass updates, from
// parameters, which have a gradient.
func IsStatistic(name string) bool { return strings.Contains(name, ".running_") }

// Forward is a net in training: its norms use the statistics of the batch.
type Forward struct {
	Embedding  *onnxgraph.Value    // [batch,K,D]
	Parameters map[string]Variable // what has a gradient
	// Updated are, by name, the running statistics after the batch.
	Updated map[string]*onnxgraph.Value
}

// Variable is a parameter of a net in training: an input of the graph, flat,
// and the same in the parameter's shape, which the net computes with.
type Variable struct{ Flat, Value *onnxgraph.Value }

// Train appends a net in training to b. Its input is `pixels` uint8
// [batch,S,S,3], or what in says, and for Head `features` float32 [batch,F];
// every tensor of Trainable(depth) is an input under its own name, flat. p holds the
// tensors that stay as they are; Whole needs none.
func Train(b *onnxgraph.Builder, a Architecture, depth Depth, batch int, p Params, in Input) (*Forward, error) {
	if err := a.Validate(); err != nil {
		return nil, err
	}
	if batch < 1 {
		return nil, fmt.Errorf("tresnet: batch of %d images", batch)
	}
	t := &training{
		network:    &network{Builder: b, arch: a, params: p, images: onnxgraph.Size(batch)},
		parameters: map[string]Variable{}, running: map[string]*onnxgraph.Value{}, updated: map[string]*onnxgraph.Value{},
		batch: batch,
	}
	t.inputs(depth)
	embedding := t.embed(t.features(depth, in))
	return &Forward{Embedding: embedding, Parameters: t.parameters, Updated: t.updated}, nil
}

// training writes one net in training.
type training struct {
	*network
	parameters       map[string]Variable
	running, updated map[string]*onnxgraph.Value
	batch            int
}

func (t *training) inputs(depth Depth) {
	for _, spec := range t.arch.Trainable(depth) {
		flat := t.Input(spec.Name, onnxgraph.Float32, onnxgraph.Size(tensor.Count(spec.Shape)))
		if IsStatistic(spec.Name) {
			t.running[spec.Name] = flat
		} else {
			t.parameters[spec.Name] = Variable{flat, t.Reshape(flat, spec.Shape...)}
		}
	}
}

// features are [n,F], the channels' means behind the last stage.
func (t *training) features(depth Depth, in Input) *onnxgraph.Value {
	if depth == Head {
		return t.Input("features", onnxgraph.Float32, onnxgraph.Sizes(t.batch, t.arch.Features())...)
	}
	first := 0
	var x *onnxgraph.Value
	side := t.arch.InputSize / pixelsBlock
	if depth == Whole {
		x = t.normed(t.stemBlocks(in), t.arch.stem(), side)
	} else {
		first = t.arch.Layers[0] + t.arch.Layers[1] + t.arch.Layers[2]
		x, side = t.network.stages(t.network.stem(in), first)
		x = t.Reshape(x, t.batch, t.arch.planes()*4*bottleneckExpansion, side, side)
	}
	number := 0
	for b := range t.arch.blocks() {
		if number++; number > first {
			x = t.block(x, b, side)
			side = b.side(side)
		}
	}
	return t.Reshape(t.GlobalAveragePool(x), t.batch, -1)
}

// stemBlocks brings the input to [n,48,S/4,S/4].
func (t *training) stemBlocks(in Input) *onnxgraph.Value {
	if in.Floats {
		return t.blocksOfFloats()
	}
	x := t.blocksOfPixels()
	if in.Mean != [3]float64{} {
		x = t.Sub(x, t.Constant("mean", in.offsets()))
	}
	scales := tensor.New(3 * pixelsBlock * pixelsBlock)
	for i := range scales.Values {
		scales.Values[i] = float32(in.scale() / in.std(i%3))
	}
	return t.Transpose(t.Mul(x, t.Constant("scale", scales)), 0, 3, 1, 2)
}

// block computes relu(convolutions(x) + shortcut(x)); side is that of x.
func (t *training) block(x *onnxgraph.Value, b block, side int) *onnxgraph.Value {
	rest := x
	if b.shortcut != nil {
		rest = t.normed(t.halve(x, side), *b.shortcut, b.side(side))
	}
	for i, c := range b.convs {
		x = t.normed(x, c, side)
		if i == b.blurred {
			x, side = t.blur(x), b.side(side)
		}
		if i == b.gated && b.gate != nil {
			x = t.gated(x, b.gate.key)
		}
	}
	return t.Relu(t.Add(x, rest))
}

// gated is squeeze-excite.
func (t *training) gated(x *onnxgraph.Value, key string) *onnxgraph.Value {
	gate := t.Relu(t.linear(t.GlobalAveragePool(x), key+"fc1"))
	return t.Mul(x, t.Sigmoid(t.linear(gate, key+"fc2")))
}

func (t *training) linear(x *onnxgraph.Value, key string) *onnxgraph.Value {
	return t.Conv(x, t.parameters[key+".weight"].Value, t.parameters[key+".bias"].Value, onnxgraph.Convolution{Kernel: [2]int{1, 1}})
}

// embed is the head. The weight's rows run over (d,k), the matrix over (k,d).
func (t *training) embed(features *onnxgraph.Value) *onnxgraph.Value {
	flat := t.Gemm(features, t.parameters[EmbeddingWeight].Value, false, true)
	return t.Transpose(t.Reshape(flat, t.batch, t.arch.Dim, t.arch.Rows), 0, 2, 1)
}
