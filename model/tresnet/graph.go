package tresnet

import (
	"fmt"

	"github.com/sdl-batch/sdl-batch/model/onnxgraph"
)

// Input says how pixels become what the net was trained on:
// (value·Scale − Mean[c]) / Std[c] for each channel.
type Input struct {
	Floats bool       // the graph takes `x` float32 [n,3,S,S] as the net does, for tests and training; the rest is unused
	Scale  float64    // 0: 1/255
	Mean   [3]float64 // of R, G, B after scaling
	Std    [3]float64 // 0: 1
}

// Graph returns the inference graph in ONNX: input `pixels` uint8 [n,S,S,3],
// RGB, output `embedding` float32 [n,K,D]. Norms are folded into the
// convolutions.
func Graph(a Architecture, p Params, in Input) ([]byte, error) {
	n, err := newNetwork("tresnet", a, p)
	if err != nil {
		return nil, err
	}
	x, _ := n.stages(n.stem(in), wholeNet)
	n.Output("embedding", n.embed(n.pool(x)), onnxgraph.Float32, n.images, onnxgraph.Size(a.Rows), onnxgraph.Size(a.Dim))
	return n.Bytes()
}

// FeatureGraph is Graph without the head: its output is `features` float32
// [n,1,F], the channels' means behind the last stage.
func FeatureGraph(a Architecture, p Params, in Input) ([]byte, error) {
	n, err := newNetwork("features", a, p)
	if err != nil {
		return nil, err
	}
	x, _ := n.stages(n.stem(in), wholeNet)
	n.Output("features", n.Reshape(n.pool(x), 0, 1, -1), onnxgraph.Float32, n.images, onnxgraph.Size(1), onnxgraph.Size(a.Features()))
	return n.Bytes()
}

// HeadGraph is the head alone: input `features` float32 [n,F], output
// `embedding` float32 [n,K,D].
func HeadGraph(a Architecture, p Params) ([]byte, error) {
	n, err := newNetwork("head", a, p)
	if err != nil {
		return nil, err
	}
	x := n.Input("features", onnxgraph.Float32, n.images, onnxgraph.Size(a.Features()))
	n.Output("embedding", n.embed(x), onnxgraph.Float32, n.images, onnxgraph.Size(a.Rows), onnxgraph.Size(a.Dim))
	return n.Bytes()
}

func newNetwork(name string, a Architecture, p Params) (*network, error) {
	if err := a.Validate(); err != nil {
		return nil, err
	}
	if err := p.check(a); err != nil {
		return nil, fmt.Errorf("tresnet: %w", err)
	}
	return &network{Builder: onnxgraph.New(name), arch: a, params: p, images: onnxgraph.Free("n")}, nil
}

// network writes one net. Its values are images [n,C,H,W].
type network struct {
	*onnxgraph.Builder
	arch   Architecture
	params Params
	images onnxgraph.Dim // n
}

// wholeNet is more blocks than any net has.
const wholeNet = 4*maxBlocks + 1

// stages runs the first so many blocks on the stem's output and returns their
// output and its side.
func (n *network) stages(x *onnxgraph.Value, blocks int) (*onnxgraph.Value, int) {
	side, done := n.arch.InputSize/pixelsBlock, 0
	for b := range n.arch.blocks() {
		if done++; done > blocks {
			break
		}
		x = n.block(x, b, side)
		side = b.side(side)
	}
	return x, side
}

// block computes relu(convolutions(x) + shortcut(x)); side is that of x.
func (n *network) block(x *onnxgraph.Value, b block, side int) *onnxgraph.Value {
	rest := x
	if b.shortcut != nil {
		rest = n.conv(n.halve(x, side), *b.shortcut)
	}
	for i, c := range b.convs {
		x = n.conv(x, c)
		if i == b.blurred {
			x, side = n.blur(x), b.side(side)
		}
		if i == b.gated && b.gate != nil {
			x = n.excite(x, *b.gate, side)
		}
	}
	return n.Relu(n.Add(x, rest))
}

func (n *network) conv(x *onnxgraph.Value, c convolution) *onnxgraph.Value {
	return n.foldedConv(x, c, one)
}

func (n *network) foldedConv(x *onnxgraph.Value, c convolution, gain func(in int) float64) *onnxgraph.Value {
	weight, bias := n.params.fold(c, gain)
	x = n.Conv(x, n.Constant(c.weight, weight), n.Constant(c.norm, bias), onnxgraph.Convolution{
		Kernel: [2]int{c.kernel, c.kernel},
		Pads:   onnxgraph.Around(c.kernel / 2),
	})
	if c.slope == linear {
		return x
	}
	return n.LeakyRelu(x, c.slope)
}

// halve is the 2x2 mean of the shortcut. An odd side leaves windows of one row
// or column at the far end, which the padding completes without counting.
func (n *network) halve(x *onnxgraph.Value, side int) *onnxgraph.Value {
	return n.AveragePool(x, 2, 2, onnxgraph.Pads{Bottom: side % 2, Right: side % 2})
}

// blur is the 3x3 binomial filter of stride 2 with a reflected border, written
// as two means: [1 2 1]/4 is [1 1]/2 twice, and at a border the reflection makes
// both windows of the second mean equal, so leaving one out changes nothing.
func (n *network) blur(x *onnxgraph.Value) *onnxgraph.Value {
	return n.AveragePool(n.AveragePool(x, 2, 1, onnxgraph.Pads{}), 2, 2, onnxgraph.Around(1))
}

// excite scales each channel by a gate computed from all channels' means. The
// gate is repeated over the image, whose side is given: the runtime multiplies
// in its blocked layout only what it knows to have one shape.
func (n *network) excite(x *onnxgraph.Value, e excitation, side int) *onnxgraph.Value {
	gate := n.Relu(n.dense(n.GlobalAveragePool(x), e.key+"fc1"))
	gate = n.Sigmoid(n.dense(gate, e.key+"fc2"))
	gate = n.Repeat(gate, side, side)
	n.Declare(gate, onnxgraph.Float32, n.images, onnxgraph.Size(padded(e.channels)), onnxgraph.Size(side), onnxgraph.Size(side))
	return n.Mul(x, gate)
}

// dense is a fully connected layer, written as a convolution of one pixel to
// stay in the runtime's blocked layout.
func (n *network) dense(x *onnxgraph.Value, key string) *onnxgraph.Value {
	weight := n.Constant(key+".weight", filters(n.params[key+".weight"], func(int, int) float64 { return 1 }))
	bias := n.Constant(key+".bias", vector(n.params[key+".bias"]))
	return n.Conv(x, weight, bias, onnxgraph.Convolution{Kernel: [2]int{1, 1}})
}

// pool takes the channels' means: [n,F].
func (n *network) pool(x *onnxgraph.Value) *onnxgraph.Value {
	return n.Reshape(n.GlobalAveragePool(x), 0, -1)
}

// embed is the head: features times the weight, as [n,K,D]. The features of
// every net are a multiple of the lanes, so that padding adds none.
func (n *network) embed(features *onnxgraph.Value) *onnxgraph.Value {
	weight := n.Constant(EmbeddingWeight, n.params.head(n.arch.Rows, n.arch.Dim))
	return n.Reshape(n.MatMul(features, weight), 0, n.arch.Rows, n.arch.Dim)
}
