package tresnet

import (
	"math"

	"github.com/sdl-batch/sdl-batch/model/tensor"
)

// normEpsilon is added to the variance of a norm and to the magnitude of its
// scale.
const normEpsilon = 1e-5

// laneChannels is the multiple that channels are padded to with zeros, which
// change no result: the runtime's blocked layout wants it, and the widths of
// the larger nets do not have it.
const laneChannels = 16

func padded(channels int) int { return (channels + laneChannels - 1) / laneChannels * laneChannels }

// fold joins a convolution and its norm, in float64:
// scale = (|weight|+ε)/√(running_var+ε), bias' = bias − running_mean·scale. The
// convolution's input is taken gain times (by channel).
func (p Params) fold(c convolution, gain func(in int) float64) (weight, bias tensor.Tensor) {
	magnitude, shift := p[c.norm+".weight"].Values, p[c.norm+".bias"].Values
	mean, variance := p[c.norm+".running_mean"].Values, p[c.norm+varianceSuffix].Values
	scales := make([]float64, c.out)
	bias = tensor.New(padded(c.out))
	for o := range scales {
		scales[o] = (math.Abs(float64(magnitude[o])) + normEpsilon) / math.Sqrt(float64(variance[o])+normEpsilon)
		bias.Values[o] = float32(float64(shift[o]) - float64(mean[o])*scales[o])
	}
	return filters(p[c.weight], func(o, i int) float64 { return scales[o] * gain(i) }), bias
}

// filters pads a weight [out,in,h,w] with zero channels and scales it.
func filters(w tensor.Tensor, scale func(out, in int) float64) tensor.Tensor {
	out, in, area := w.Shape[0], w.Shape[1], w.Shape[2]*w.Shape[3]
	t := tensor.New(padded(out), padded(in), w.Shape[2], w.Shape[3])
	for o := range out {
		for i := range in {
			from, to := w.Values[(o*in+i)*area:][:area], t.Values[(o*padded(in)+i)*area:][:area]
			for j, v := range from {
				to[j] = float32(float64(v) * scale(o, i))
			}
		}
	}
	return t
}

func one(int) float64 { return 1 }

// vector pads a bias with zeros.
func vector(b tensor.Tensor) tensor.Tensor {
	t := tensor.New(padded(b.Shape[0]))
	copy(t.Values, b.Values)
	return t
}

// head turns the head's weight [D·K,F] into [F,K·D], F padded with zeros: the
// reference's rows run over (d,k), ours over (k,d).
func (p Params) head(rows, dim int) tensor.Tensor {
	w := p[EmbeddingWeight]
	features := w.Shape[1]
	t := tensor.New(padded(features), rows*dim)
	for d := range dim {
		for k := range rows {
			for f, v := range w.Values[(d*rows+k)*features:][:features] {
				t.Values[f*rows*dim+k*dim+d] = v
			}
		}
	}
	return t
}
