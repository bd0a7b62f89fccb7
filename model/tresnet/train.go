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
	return &Forward{Embedding: t.embedding(depth, in), Parameters: t.parameters, Updated: t.updated}, nil
}

// training writes one net in training. Its images are [C,n,H,W], channels
// first: a convolution of one pixel is then one product of matrices, and a norm
// works on whole rows.
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

// embedding is the head behind what the depth trains of the stages.
func (t *training) embedding(depth Depth, in Input) *onnxgraph.Value {
	if depth == Head {
		return t.embed(t.Input("features", onnxgraph.Float32, onnxgraph.Sizes(t.batch, t.arch.Features())...), false)
	}
	x := t.begin(depth, in)
	number := 0
	for b := range t.arch.blocks() {
		if number++; depth == Whole || number > t.arch.frozenBlocks() {
			x = t.block(x, b)
		}
	}
	return t.embed(t.Reshape(t.Means(x.Value, 2, 3), t.arch.Features(), t.batch), true)
}

// frozenBlocks are those in front of the last stage.
func (a Architecture) frozenBlocks() int { return a.Layers[0] + a.Layers[1] + a.Layers[2] }

// begin gives the images that the first trained block takes: the stem's, or
// those of the third stage, computed as in inference.
func (t *training) begin(depth Depth, in Input) images {
	if depth == Whole {
		side := t.arch.InputSize / pixelsBlock
		return t.normed(images{t.stemBlocks(in), 3 * pixelsBlock * pixelsBlock, side}, t.arch.stem())
	}
	x, side := t.network.stages(t.network.stem(in), t.arch.frozenBlocks())
	channels := t.arch.planes() * 4 * bottleneckExpansion
	x = t.Reshape(x, t.batch, channels, side, side)
	return images{t.Transpose(x, 1, 0, 2, 3), channels, side}
}

// stemBlocks brings the input to [48,n,S/4,S/4].
func (t *training) stemBlocks(in Input) *onnxgraph.Value {
	if in.Floats {
		return t.Transpose(t.blocksOfFloats(), 1, 0, 2, 3)
	}
	x := t.blocksOfPixels()
	if in.Mean != [3]float64{} {
		x = t.Sub(x, t.Constant("mean", in.offsets()))
	}
	scales := tensor.New(3 * pixelsBlock * pixelsBlock)
	for i := range scales.Values {
		scales.Values[i] = float32(in.scale() / in.std(i%3))
	}
	return t.Transpose(t.Mul(x, t.Constant("scale", scales)), 3, 0, 1, 2)
}

// images are a value [channels,n,side,side].
type images struct {
	*onnxgraph.Value
	channels, side int
}

// block computes relu(convolutions(x) + shortcut(x)).
func (t *training) block(x images, b block) images {
	rest := x
	if b.shortcut != nil {
		rest = t.normed(images{t.halve(x.Value, x.side), x.channels, b.side(x.side)}, *b.shortcut)
	}
	for i, c := range b.convs {
		x = t.normed(x, c)
		if i == b.blurred {
			x = images{t.blur(x.Value), x.channels, b.side(x.side)}
		}
		if i == b.gated && b.gate != nil {
			x.Value = t.gated(x, b.gate.key)
		}
	}
	x.Value = t.Relu(t.Add(x.Value, rest.Value))
	return x
}

// gated is squeeze-excite.
func (t *training) gated(x images, key string) *onnxgraph.Value {
	means := t.Reshape(t.Means(x.Value, 2, 3), x.channels, t.batch)
	gate := t.Sigmoid(t.linear(t.Relu(t.linear(means, key+"fc1")), key+"fc2"))
	return t.Mul(x.Value, t.Reshape(gate, x.channels, t.batch, 1, 1))
}

// linear is a fully connected layer on [C,n].
func (t *training) linear(x *onnxgraph.Value, key string) *onnxgraph.Value {
	weight := t.Reshape(t.parameters[key+".weight"].Value, 0, -1)
	return t.Add(t.Gemm(weight, x, false, false), t.Reshape(t.parameters[key+".bias"].Value, -1, 1))
}

// embed is the head, of features [n,F] or [F,n]. The weight's rows run over
// (d,k), the matrix over (k,d).
func (t *training) embed(features *onnxgraph.Value, channelsFirst bool) *onnxgraph.Value {
	flat := t.Gemm(features, t.parameters[EmbeddingWeight].Value, channelsFirst, true)
	return t.Transpose(t.Reshape(flat, t.batch, t.arch.Dim, t.arch.Rows), 0, 2, 1)
}
