package optimise

import (
	"math"

	"github.com/sdl-batch/sdl-batch/model/onnxgraph"
)

// Adam is Kingma and Ba's method (2015) with L2 decay added to the gradient, as
// in PyTorch's Adam:
//
//	g = gradient + Decay·p
//	m = β1·m + (1−β1)·g
//	v = β2·v + (1−β2)·g²
//	p = p − rate/(1−β1^t) · m / (√v/√(1−β2^t) + ε)
//
// with the t-th step's own β1 in all of them.
type Adam struct {
	Beta2   float64
	Epsilon float64
	Decay   float64 // of parameters with more than one axis; biases and norms have none
}

// Defaults are the reference's.
var Defaults = Adam{Beta2: 0.999, Epsilon: 1e-8, Decay: 3e-4}

// Coefficients are the numbers of one step, as the graph takes them.
type Coefficients struct{ Keep, Size, Epsilon []float32 } // each [1]

// Names of the graph's inputs: the fields of Coefficients in their order.
var Names = [3]string{"keep", "step size", "epsilon"}

// Coefficients returns those of a step, counted from 0; last is the rate of the
// step before.
//
// The graph keeps the moments without their constant factors, which saves it
// passes over memory: m = (1−β1)·M and v = (1−β2)·V, so that
//
//	M = keep·M + g            keep = β1·(1−β1 before)/(1−β1)
//	V = β2·V + g²
//	p = p + size · M / (√V + epsilon)
func (a Adam) Coefficients(r, last Rate, step int) Coefficients {
	t := float64(step + 1)
	one := func(x float64) []float32 { return []float32{float32(x)} }
	root := math.Sqrt((1 - a.Beta2) / (1 - math.Pow(a.Beta2, t))) // √v, corrected, is root·√V
	size := r.Learning / (1 - math.Pow(r.Beta1, t)) * (1 - r.Beta1) / root
	return Coefficients{
		Keep: one(r.Beta1 * (1 - last.Beta1) / (1 - r.Beta1)),
		Size: one(-size), Epsilon: one(a.Epsilon / root),
	}
}

// Updater appends the updates of parameters to a graph.
type Updater struct {
	*onnxgraph.Builder
	adam                Adam
	keep, size, epsilon *onnxgraph.Value
}

// Updater adds the coefficients to b as inputs called Names.
func (a Adam) Updater(b *onnxgraph.Builder) *Updater {
	in := func(i int) *onnxgraph.Value { return b.Input(Names[i], onnxgraph.Float32, onnxgraph.Size(1)) }
	return &Updater{Builder: b, adam: a, keep: in(0), size: in(1), epsilon: in(2)}
}

// Update returns the parameter p and its moments M and V after a step along
// the gradient g. All are vectors: the runtime is many times slower where a
// tensor's last axes have length 1. decays tells whether p has more than one axis.
func (u *Updater) Update(p, g, m, v *onnxgraph.Value, decays bool) (p2, m2, v2 *onnxgraph.Value) {
	if decays && u.adam.Decay != 0 {
		g = u.Add(g, u.Mul(p, u.Scalar(u.adam.Decay)))
	}
	m2 = u.Add(u.Mul(m, u.keep), g)
	v2 = u.Add(u.Mul(v, u.Scalar(u.adam.Beta2)), u.Mul(g, g))
	p2 = u.Add(p, u.Mul(u.Div(m2, u.Add(u.Sqrt(v2), u.epsilon)), u.size))
	return p2, m2, v2
}
