package loss

import (
	"github.com/sdl-batch/sdl-batch/model/onnxgraph"
	"github.com/sdl-batch/sdl-batch/model/tensor"
)

// Terms are the loss and its parts, each float32 [1].
type Terms struct {
	Loss        *onnxgraph.Value
	Ranking     *onnxgraph.Value // its first part, with the weights of tags and images
	Regulariser *onnxgraph.Value // mean over the images, without its weight
}

// Names of the graph's inputs: the fields of Targets in their order.
var Names = [4]string{"positives", "pairs", "alone", "negatives"}

// Graph appends the loss of embedding matrices [batch,K,D] to b, with the
// targets as inputs called Names.
func Graph(b *onnxgraph.Builder, embedding *onnxgraph.Value, rows int, t *Targets) Terms {
	tags := len(t.vectors) / t.dim
	g := &graph{Builder: b, batch: t.batch, rows: rows, dim: t.dim, tags: tags, places: t.places}
	ranking := g.ranking(g.scores(embedding, t.vectors))
	if rows == 1 {
		return Terms{Loss: ranking, Ranking: ranking, Regulariser: b.Constant("", tensor.New(1))}
	}
	regulariser := g.spread(embedding)
	total := ranking
	if factor := t.config.regulariser(); factor != 0 {
		total = b.Add(ranking, b.Mul(regulariser, b.Scalar(factor)))
	}
	return Terms{Loss: total, Ranking: ranking, Regulariser: regulariser}
}

type graph struct {
	*onnxgraph.Builder
	batch, rows, dim, tags, places int
}

// scores are [batch,tags], the best row's for each tag; the first among equals.
func (g *graph) scores(embedding *onnxgraph.Value, vectors []float32) *onnxgraph.Value {
	table := g.Constant("tag vectors", columns(vectors, g.dim))
	products := g.MatMul(g.Reshape(embedding, g.batch*g.rows, g.dim), table)
	if g.rows == 1 {
		return products
	}
	products = g.Reshape(products, g.batch, g.rows, g.tags)
	numbers := make([]int, g.rows)
	for k := range numbers {
		numbers[k] = k
	}
	best := g.Equal(g.ArgMax(products, 1), g.Reshape(g.Ints(numbers...), 1, g.rows, 1))
	chosen := g.Mul(products, g.Cast(best, onnxgraph.Float32))
	return g.Reshape(g.Sums(chosen, 1), g.batch, g.tags)
}

func columns(vectors []float32, dim int) tensor.Tensor {
	tags := len(vectors) / dim
	t := tensor.New(dim, tags)
	for tag := range tags {
		for d := range dim {
			t.Values[d*tags+tag] = vectors[tag*dim+d]
		}
	}
	return t
}

// ranking is the weighted sum over images, positives and negatives.
func (g *graph) ranking(scores *onnxgraph.Value) *onnxgraph.Value {
	places := onnxgraph.Sizes(g.batch, g.places)
	positives := g.Input(Names[0], onnxgraph.Int64, places...)
	pairs := g.Input(Names[1], onnxgraph.Float32, places...)
	alone := g.Input(Names[2], onnxgraph.Float32, places...)
	negatives := g.Input(Names[3], onnxgraph.Float32, onnxgraph.Sizes(g.batch, g.tags)...)
	own := g.GatherElements(scores, positives, 1)
	margins := g.Sub(g.Reshape(scores, g.batch, 1, g.tags), g.Reshape(own, g.batch, g.places, 1))
	weights := g.Mul(g.Reshape(pairs, g.batch, g.places, 1), g.Reshape(negatives, g.batch, 1, g.tags))
	total := g.Sums(g.Mul(g.Softplus(margins), weights), 0, 1, 2)
	single := g.Sums(g.Mul(g.Softplus(g.Neg(own)), alone), 0, 1)
	return g.Add(g.Reshape(total, 1), g.Reshape(single, 1))
}

// spread is Σ_d Var_k of the matrices, averaged over the batch.
func (g *graph) spread(embedding *onnxgraph.Value) *onnxgraph.Value {
	d := g.Sub(embedding, g.Means(embedding, 1))
	sum := g.Reshape(g.Sums(g.Mul(d, d), 0, 1, 2), 1)
	return g.Mul(sum, g.Scalar(1/float64((g.rows-1)*g.batch)))
}
