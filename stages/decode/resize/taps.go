package resize

import "math"

// fractionBits is the fixed-point precision of a weight: 32 bits less 8 for the
// sample and 2 for overshoot and sign.
const fractionBits = 32 - 8 - 2

// window is the run of input samples that one output sample is made of.
type window struct {
	start   int
	weights []int32 // fixed point, fractionBits; they sum to about 1
}

func (w window) end() int { return w.start + len(w.weights) }

// at returns the weight of input sample i, 0 outside the window.
func (w window) at(i int) int64 {
	if i < w.start || i >= w.end() {
		return 0
	}
	return int64(w.weights[i-w.start])
}

// taps holds one window per output sample. Both ends of the windows never
// decrease from one output to the next.
type taps struct {
	windows   []window
	sizeBytes int
}

// newTaps computes the windows of the n samples of an axis that are kept. The
// kernel widens with the reduction, so that shrinking does not alias. As in cubic,
// the conversions of products keep results the same on every machine.
func newTaps(f Filter, a axis, n int) *taps {
	scale := float64(a.in) / float64(a.out)
	stretch := math.Max(scale, 1)
	reach := float64(f.support * stretch)
	t := &taps{windows: make([]window, n)}
	weights := make([]float64, 2*int(math.Ceil(reach))+1)
	for o := range t.windows {
		centre := float64((float64(a.first+o) + 0.5) * scale)
		first := max(int(centre-reach+0.5), 0)
		last := min(int(centre+reach+0.5), a.in)
		n := max(last-first, 0)
		fillWeights(weights[:n], f, first, centre, 1/stretch)
		t.windows[o] = window{start: first, weights: fixed(weights[:n])}
		t.sizeBytes += 4*n + 32
	}
	return t
}

// fillWeights evaluates the kernel at each sample and scales the sum to 1.
func fillWeights(weights []float64, f Filter, first int, centre, shrink float64) {
	sum := 0.0
	for i := range weights {
		weights[i] = f.weight((float64(i+first) - centre + 0.5) * shrink)
		sum += weights[i]
	}
	if sum == 0 {
		return
	}
	for i := range weights {
		weights[i] /= sum
	}
}

// fixed rounds weights half away from zero.
func fixed(weights []float64) []int32 {
	out := make([]int32, len(weights))
	for i, w := range weights {
		out[i] = int32(float64(w*(1<<fractionBits)) + math.Copysign(0.5, w))
	}
	return out
}
