// Package optimise turns gradients into new parameters: Adam under a one-cycle
// schedule, the schedule on the host, the update as a part of an ONNX graph.
package optimise

import (
	"fmt"
	"math"
)

// OneCycle is the schedule of Smith and Topin (2018) as PyTorch's OneCycleLR
// computes it with cosines: the rate climbs from Max/25 to Max and falls to
// Max/250000, Adam's first coefficient goes the other way.
type OneCycle struct {
	Max   float64 // largest learning rate
	Steps int     // T, of the whole training
	Start float64 // share of the steps that climb, above 0 and below 1
}

const (
	initialDivisor = 25
	finalDivisor   = 1e4
	lowMomentum    = 0.85
	highMomentum   = 0.95
)

// Rate is what one step uses.
type Rate struct {
	Learning float64
	Beta1    float64
}

// Validate reports values that make no schedule.
func (c OneCycle) Validate() error {
	if !(c.Max > 0 && c.Max < math.Inf(1)) || c.Steps < 1 || !(c.Start > 0 && c.Start < 1) {
		return fmt.Errorf("one-cycle schedule of %d steps, largest rate %g, climbing for %g of them", c.Steps, c.Max, c.Start)
	}
	return nil
}

// At returns the rate of a step, counted from 0. The climb ends at step
// Start·T−1, which need not be whole, the fall at T−1.
func (c OneCycle) At(step int) Rate {
	low, last := c.Max/initialDivisor, c.Max/initialDivisor/finalDivisor
	top, end := c.Start*float64(c.Steps)-1, float64(c.Steps-1)
	at := float64(step)
	if at <= top {
		share := at / top
		return Rate{between(low, c.Max, share), between(highMomentum, lowMomentum, share)}
	}
	share := 1.0
	if end > top {
		share = min(1, (at-top)/(end-top))
	}
	return Rate{between(c.Max, last, share), between(lowMomentum, highMomentum, share)}
}

// between goes from a to b along half a cosine.
func between(a, b, share float64) float64 {
	if math.IsNaN(share) { // a climb that ends where it begins
		share = 1
	}
	return b + (a-b)/2*(1+math.Cos(math.Pi*share))
}
