package tresnet

import "github.com/sdl-batch/sdl-batch/model/onnxgraph"

// statisticsMomentum is the share of a batch in the running statistics.
const statisticsMomentum = 0.1

// normed is a convolution with its norm over the batch and its activation:
//
//	y = (x − mean)·(|weight|+ε)/√(variance+ε) + bias
//
// with the batch's mean and (biased) variance of each channel. The running
// variance follows the unbiased one, as in PyTorch.
func (t *training) normed(x images, c convolution) images {
	rows := t.matrix(t.convolved(x, c), c.out)
	mean := t.Means(rows, 1)
	centred := t.Sub(rows, mean)
	variance := t.Means(t.Mul(centred, centred), 1)
	magnitude := t.Add(t.Abs(t.parameters[c.norm+".weight"].Value), t.Scalar(normEpsilon))
	scale := t.Div(t.Reshape(magnitude, -1, 1), t.Sqrt(t.Add(variance, t.Scalar(normEpsilon))))
	y := t.Add(t.Mul(centred, scale), t.Reshape(t.parameters[c.norm+".bias"].Value, -1, 1))
	t.follow(c.norm+".running_mean", mean, 1)
	t.follow(c.norm+varianceSuffix, variance, unbiased(t.batch*x.side*x.side))
	if c.slope != linear {
		y = t.LeakyRelu(y, c.slope)
	}
	return images{t.Reshape(y, c.out, t.batch, x.side, x.side), c.out, x.side}
}

// unbiased is the factor from the biased variance of n values to the unbiased.
func unbiased(n int) float64 { return float64(n) / float64(max(n-1, 1)) }

// matrix views a value as rows.
func (t *training) matrix(x *onnxgraph.Value, rows int) *onnxgraph.Value {
	return t.Reshape(x, rows, -1)
}

// follow moves a running statistic towards gain times the batch's.
func (t *training) follow(name string, batch *onnxgraph.Value, gain float64) {
	old := t.Mul(t.running[name], t.Scalar(1-statisticsMomentum))
	t.updated[name] = t.Add(old, t.Mul(t.Reshape(batch, -1), t.Scalar(statisticsMomentum*gain)))
}
