package tresnet

import (
	"math"
	"math/rand/v2"

	"github.com/sdl-batch/sdl-batch/model/tensor"
)

// Params are the tensors of a net by the reference's names, unfolded and with
// the signs of the norms' weights as stored.
type Params map[string]tensor.Tensor

// Parameter is a tensor's name and shape.
type Parameter struct {
	Name  string
	Shape []int
	fill  filling
}

// filling is how an untrained tensor starts.
type filling struct {
	constant  float32
	deviation float64 // of a normal distribution; 0: constant
}

// EmbeddingWeight is the head's weight [D·K,F]; row d·K+k gives element (k,d).
const EmbeddingWeight = "embedding.weight"

// Parameters lists every tensor of the net, in the order of the reference.
func (a Architecture) Parameters() []Parameter {
	list := a.stem().parameters(nil)
	for b := range a.blocks() {
		for _, c := range b.convs {
			list = c.parameters(list)
		}
		if b.shortcut != nil {
			list = b.shortcut.parameters(list)
		}
		if b.gate != nil {
			list = b.gate.parameters(list)
		}
	}
	return append(list, a.embedding())
}

const varianceSuffix = ".running_var"

func (a Architecture) embedding() Parameter {
	return Parameter{EmbeddingWeight, []int{a.Dim * a.Rows, a.Features()}, normal(1, a.Features())}
}

func (c convolution) parameters(list []Parameter) []Parameter {
	one, zero := filling{constant: 1}, filling{}
	return append(list,
		Parameter{c.weight, []int{c.out, c.in, c.kernel, c.kernel}, normal(2, c.in*c.kernel*c.kernel)},
		Parameter{c.norm + ".weight", []int{c.out}, one},
		Parameter{c.norm + ".bias", []int{c.out}, zero},
		Parameter{c.norm + ".running_mean", []int{c.out}, zero},
		Parameter{c.norm + varianceSuffix, []int{c.out}, one})
}

func (e excitation) parameters(list []Parameter) []Parameter {
	return append(list,
		Parameter{e.key + "fc1.weight", []int{e.hidden, e.channels, 1, 1}, normal(2, e.channels)},
		Parameter{e.key + "fc1.bias", []int{e.hidden}, filling{}},
		Parameter{e.key + "fc2.weight", []int{e.channels, e.hidden, 1, 1}, normal(1, e.hidden)},
		Parameter{e.key + "fc2.bias", []int{e.channels}, filling{}})
}

// normal keeps the variance of activations: gain 2 before a ReLU (Kaiming), 1
// without.
func normal(gain float64, fanIn int) filling {
	return filling{deviation: math.Sqrt(gain / float64(fanIn))}
}

// headStream numbers the random values of a head that is made alone.
const headStream = 1 << 32

// New returns the parameters of an untrained net. The same seed gives the same
// values.
func New(a Architecture, seed uint64) Params {
	p := Params{}
	for i, spec := range a.Parameters() {
		p[spec.Name] = spec.fill.tensor(spec.Shape, rand.New(rand.NewPCG(seed, uint64(i))))
	}
	return p
}

func (f filling) tensor(shape []int, random *rand.Rand) tensor.Tensor {
	t := tensor.New(shape...)
	for i := range t.Values {
		t.Values[i] = f.constant
		if f.deviation > 0 {
			t.Values[i] = float32(f.deviation * random.NormFloat64())
		}
	}
	return t
}
