package tresnet

import (
	"fmt"
	"iter"
)

// Negative slopes of the leaky ReLU behind norms.
const (
	stemSlope  = 1e-2
	blockSlope = 1e-3
	linear     = 1 // no activation
)

const bottleneckExpansion = 4

// convolution is a convolution of stride 1 without bias, with the norm and
// activation behind it.
type convolution struct {
	weight  string // key of the weight [out,in,kernel,kernel]
	norm    string // key prefix of the norm
	in, out int
	kernel  int
	slope   float64 // of the leaky ReLU
}

// excitation is a squeeze-excite gate.
type excitation struct {
	key              string // prefix
	channels, hidden int
}

// block is one residual block.
type block struct {
	convs    []convolution
	blurred  int          // the convolution whose output a blur halves; -1: none
	gated    int          // the convolution whose output the gate scales
	gate     *excitation  // nil: none
	shortcut *convolution // nil: the block's input; else behind a 2x2 mean
}

// side is the side of the block's output, given that of its input.
func (b block) side(in int) int {
	if b.blurred >= 0 {
		return (in + 1) / 2
	}
	return in
}

// stem is the convolution behind space-to-depth.
func (a Architecture) stem() convolution {
	return convolution{weight: "conv1.0.weight", norm: "conv1.1", in: 3 * pixelsBlock * pixelsBlock, out: a.planes(), kernel: 3, slope: stemSlope}
}

// blocks walks the four stages.
func (a Architecture) blocks() iter.Seq[block] {
	return func(yield func(block) bool) {
		in := a.planes()
		for stage, count := range a.Layers {
			planes := a.planes() << stage
			for i := range count {
				key := fmt.Sprintf("layer%d.%d.", stage+1, i)
				halve := i == 0 && stage > 0
				b := basic(key, in, planes, halve)
				if stage >= 2 {
					b = bottleneck(key, in, planes, halve, stage == 2)
				}
				in = b.convs[len(b.convs)-1].out
				if !yield(b) {
					return
				}
			}
		}
	}
}

func basic(key string, in, planes int, halve bool) block {
	b := block{blurred: -1, gated: 1, gate: &excitation{key + "se.", planes, max(planes/4, 64)}}
	b.convs = []convolution{
		conv(key+"conv1.", in, planes, 3, blockSlope),
		conv(key+"conv2.", planes, planes, 3, linear),
	}
	if halve {
		b.halve(key, 0, in)
	}
	return b
}

func bottleneck(key string, in, planes int, halve, gated bool) block {
	out := planes * bottleneckExpansion
	b := block{blurred: -1, gated: 1}
	b.convs = []convolution{
		conv(key+"conv1.", in, planes, 1, blockSlope),
		conv(key+"conv2.", planes, planes, 3, blockSlope),
		conv(key+"conv3.", planes, out, 1, linear),
	}
	if gated {
		b.gate = &excitation{key + "se.", planes, max(out/8, 64)}
	}
	if halve {
		b.halve(key, 1, in)
	}
	return b
}

func conv(key string, in, out, kernel int, slope float64) convolution {
	return convolution{weight: key + "0.weight", norm: key + "1", in: in, out: out, kernel: kernel, slope: slope}
}

// halve puts a blur behind convolution i, which moves its keys one level down,
// and a projection into the shortcut.
func (b *block) halve(key string, i, in int) {
	c := &b.convs[i]
	b.blurred = i
	name := fmt.Sprintf("%sconv%d.0.", key, i+1)
	c.weight, c.norm = name+"0.weight", name+"1"
	shortcut := conv(key+"downsample.1.", in, b.convs[len(b.convs)-1].out, 1, linear)
	b.shortcut = &shortcut
}
