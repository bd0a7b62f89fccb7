package tresnet

import "github.com/sdl-batch/sdl-batch/model/onnxgraph"

// statisticsMomentum is the share of a batch in the running statistics.
const statisticsMomentum = 0.1

// normed is a convolution with its norm over the batch and its activation:
//
//	y = (x − mean)·(|weight|+ε)/√(variance+ε) + bias
//
// with the batch's mean and (biased) variance of each channel. The running
// variance follows the unbiased one, as in PyTorch. side is that of the image.
func (t *training) normed(x *onnxgraph.Value, c convolution, side int) *onnxgraph.Value {
	x = t.Conv(x, t.parameters[c.weight].Value, nil, onnxgraph.Convolution{Kernel: [2]int{c.kernel, c.kernel}, Pads: onnxgraph.Around(c.kernel / 2)})
	mean := t.Means(x, 0, 2, 3)
	centred := t.Sub(x, mean)
	variance := t.Means(t.Mul(centred, centred), 0, 2, 3)
	magnitude := t.Add(t.Abs(t.parameters[c.norm+".weight"].Value), t.Scalar(normEpsilon))
	scale := t.Div(t.image(magnitude, c.out), t.Sqrt(t.Add(variance, t.Scalar(normEpsilon))))
	y := t.Add(t.Mul(centred, scale), t.image(t.parameters[c.norm+".bias"].Value, c.out))
	t.follow(c.norm+".running_mean", mean, 1)
	t.follow(c.norm+varianceSuffix, variance, unbiased(t.batch*side*side))
	if c.slope == linear {
		return y
	}
	return t.LeakyRelu(y, c.slope)
}

// unbiased is the factor from the biased variance of n values to the unbiased.
func unbiased(n int) float64 { return float64(n) / float64(max(n-1, 1)) }

// image gives a value for each channel the shape of an image.
func (t *training) image(x *onnxgraph.Value, channels int) *onnxgraph.Value {
	return t.Reshape(x, 1, channels, 1, 1)
}

// follow moves a running statistic towards gain times the batch's.
func (t *training) follow(name string, batch *onnxgraph.Value, gain float64) {
	old := t.Mul(t.running[name], t.Scalar(1-statisticsMomentum))
	t.updated[name] = t.Add(old, t.Mul(t.Reshape(batch, -1), t.Scalar(statisticsMomentum*gain)))
}
