package tresnet

import (
	"github.com/sdl-batch/sdl-batch/model/onnxgraph"
	"github.com/sdl-batch/sdl-batch/model/tensor"
)

// stem brings the input to blocks of 4x4 pixels as channels, (row, column,
// colour) from slow to fast, and runs the first convolution.
func (n *network) stem(in Input) *onnxgraph.Value {
	if in.Floats {
		return n.conv(n.blocksOfFloats(), n.arch.stem())
	}
	x := n.blocksOfPixels()
	if in.Mean != [3]float64{} {
		// Subtracted before the convolution, whose zero padding means the mean.
		x = n.Sub(x, n.Constant("mean", in.offsets()))
	}
	// The scale and the deviations go into the weight.
	gain := func(channel int) float64 { return in.scale() / in.std(channel%3) }
	return n.foldedConv(n.Transpose(x, 0, 3, 1, 2), n.arch.stem(), gain)
}

// blocksOfFloats gives [n,48,S/4,S/4].
func (n *network) blocksOfFloats() *onnxgraph.Value {
	s := n.arch.InputSize
	x := n.Input("x", onnxgraph.Float32, n.images, onnxgraph.Size(3), onnxgraph.Size(s), onnxgraph.Size(s))
	return n.SpaceToDepth(x, pixelsBlock)
}

// blocksOfPixels gives [n,S/4,S/4,48]: in a row of pixels, 4 neighbours are 12
// bytes on end, so that only such runs move.
func (n *network) blocksOfPixels() *onnxgraph.Value {
	s := n.arch.InputSize
	side, run := s/pixelsBlock, 3*pixelsBlock
	x := n.Input("pixels", onnxgraph.Uint8, n.images, onnxgraph.Size(s), onnxgraph.Size(s), onnxgraph.Size(3))
	x = n.Transpose(n.Reshape(x, 0, side, pixelsBlock, side, run), 0, 1, 3, 2, 4)
	return n.Cast(n.Reshape(x, 0, side, side, pixelsBlock*run), onnxgraph.Float32)
}

// offsets are the means of the 48 channels in units of the pixels.
func (in Input) offsets() tensor.Tensor {
	t := tensor.New(3 * pixelsBlock * pixelsBlock)
	for i := range t.Values {
		t.Values[i] = float32(in.Mean[i%3] / in.scale())
	}
	return t
}

func (in Input) scale() float64 {
	if in.Scale == 0 {
		return 1.0 / 255
	}
	return in.Scale
}

func (in Input) std(colour int) float64 {
	if in.Std[colour] == 0 {
		return 1
	}
	return in.Std[colour]
}
