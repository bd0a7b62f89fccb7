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
type Coefficients struct{ Beta1, Rest, Size, Correction []float32 } // each [1]

// Names of the graph's inputs: the fields of Coefficients in their order.
var Names = [4]string{"beta1", "one minus beta1", "step size", "root of bias correction"}

// Coefficients returns those of a step, counted from 0.
func (a Adam) Coefficients(r Rate, step int) Coefficients {
	t := float64(step + 1)
	one := func(x float64) []float32 { return []float32{float32(x)} }
	return Coefficients{
		Beta1: one(r.Beta1), Rest: one(1 - r.Beta1),
		Size:       one(-r.Learning / (1 - math.Pow(r.Beta1, t))),
		Correction: one(1 / math.Sqrt(1-math.Pow(a.Beta2, t))),
	}
}

// Updater appends the updates of parameters to a graph.
type Updater struct {
	*onnxgraph.Builder
	adam                          Adam
	beta1, rest, size, correction *onnxgraph.Value
}

// Updater adds the coefficients to b as inputs called Names.
func (a Adam) Updater(b *onnxgraph.Builder) *Updater {
	in := func(i int) *onnxgraph.Value { return b.Input(Names[i], onnxgraph.Float32, onnxgraph.Size(1)) }
	return &Updater{Builder: b, adam: a, beta1: in(0), rest: in(1), size: in(2), correction: in(3)}
}

// Update returns the parameter p and its moments m and v after a step along
// the gradient g. axes is p's number of axes.
func (u *Updater) Update(p, g, m, v *onnxgraph.Value, axes int) (p2, m2, v2 *onnxgraph.Value) {
	if axes > 1 && u.adam.Decay != 0 {
		g = u.Add(g, u.Mul(p, u.Scalar(u.adam.Decay)))
	}
	m2 = u.Add(u.Mul(m, u.beta1), u.Mul(g, u.rest))
	v2 = u.Add(u.Mul(v, u.Scalar(u.adam.Beta2)), u.Mul(u.Mul(g, g), u.Scalar(1-u.adam.Beta2)))
	root := u.Add(u.Mul(u.Sqrt(v2), u.correction), u.Scalar(u.adam.Epsilon))
	p2 = u.Add(p, u.Mul(u.Div(m2, root), u.size))
	return p2, m2, v2
}
