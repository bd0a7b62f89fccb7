// Package foreigntest makes small image encoders as other programs write them, and
// computes their embeddings a second time, in plain loops.
package foreigntest

import (
	"math"
	"math/rand/v2"

	"github.com/sdl-batch/sdl-batch/model/tensor"
)

// Shape of the network: a transformer of one layer over patches, with a class token
// in front of them.
const (
	Size    = 16 // S
	patch   = 4
	side    = Size / patch
	Patches = side * side
	width   = 8
	Dim     = 6 // D
)

// Net holds the parameters.
type Net struct {
	conv, places, query, value, project tensor.Tensor
}

// New makes a network from a seed.
func New(seed uint64) *Net {
	random := rand.New(rand.NewPCG(seed, 0))
	matrix := func(shape ...int) tensor.Tensor {
		t := tensor.New(shape...)
		for i := range t.Values {
			t.Values[i] = float32(random.NormFloat64() / 2)
		}
		return t
	}
	return &Net{
		conv: matrix(width, 3, patch, patch), places: matrix(1, 1+Patches, width),
		query: matrix(width, width), value: matrix(width, width), project: matrix(width, Dim),
	}
}

// Embed returns the rows [1+Patches][Dim] of one image, pixels [S,S,3]: the class
// token's first, then those of the patches. Pixels are taken as (p/255 − mean)/std.
func (n *Net) Embed(pixels []uint8, mean, std [3]float64) [][]float64 {
	tokens := n.tokens(pixels, mean, std)
	queries, values := product(tokens, n.query), product(tokens, n.value)
	mixed := make([][]float64, len(tokens))
	for i := range tokens {
		mixed[i] = append([]float64{}, tokens[i]...)
		for j, w := range softmax(tokens, queries[i]) {
			for c := range width {
				mixed[i][c] += w * values[j][c]
			}
		}
	}
	return product(mixed, n.project)
}

// tokens are [1+Patches][width].
func (n *Net) tokens(pixels []uint8, mean, std [3]float64) [][]float64 {
	out := make([][]float64, 1+Patches)
	for t := range out {
		out[t] = make([]float64, width)
		for o := range width {
			out[t][o] = float64(n.places.Values[t*width+o])
			if t > 0 {
				out[t][o] += n.patchSum(pixels, t-1, o, mean, std)
			}
		}
	}
	return out
}

func (n *Net) patchSum(pixels []uint8, at, o int, mean, std [3]float64) (sum float64) {
	for c := range 3 {
		for y := range patch {
			for x := range patch {
				p := pixels[3*((at/side*patch+y)*Size+at%side*patch+x)+c]
				sum += float64(n.conv.Values[((o*3+c)*patch+y)*patch+x]) * (float64(p)/255 - mean[c]) / std[c]
			}
		}
	}
	return sum
}

// softmax is that of a query's products with all tokens.
func softmax(tokens [][]float64, query []float64) []float64 {
	out, sum := make([]float64, len(tokens)), 0.0
	for j, token := range tokens {
		for c, v := range token {
			out[j] += v * query[c] / math.Sqrt(width)
		}
		out[j] = math.Exp(out[j])
		sum += out[j]
	}
	for j := range out {
		out[j] /= sum
	}
	return out
}

func product(rows [][]float64, m tensor.Tensor) [][]float64 {
	out := make([][]float64, len(rows))
	for i, row := range rows {
		out[i] = make([]float64, m.Shape[1])
		for j, v := range row {
			for d := range out[i] {
				out[i][d] += v * float64(m.Values[j*m.Shape[1]+d])
			}
		}
	}
	return out
}
