package ort

import (
	"math"

	"github.com/sdl-batch/sdl-batch/model/onnxgraph"
	"github.com/sdl-batch/sdl-batch/model/tensor"
)

// chunkTags bounds the tags that one matrix product scores.
const chunkTags = 8192

// group is the seen or the unseen part of a vocabulary.
type group struct {
	name string
	ids  []int32 // ascending
	keep int     // tags ranked
}

func newGroups(c ScorerConfig) [2]group {
	groups := [2]group{{name: "seen"}, {name: "unseen"}}
	for i, seen := range c.Seen {
		g := &groups[1]
		if seen {
			g = &groups[0]
		}
		g.ids = append(g.ids, int32(i))
	}
	for i := range groups {
		groups[i].keep = min(c.TopK, len(groups[i].ids))
	}
	return groups
}

// scoreGraph builds graphs that score. The input of each is the embedding
// [n,K,D].
type scoreGraph struct {
	*onnxgraph.Builder
	config ScorerConfig
	rows   *onnxgraph.Value // [n·K,D]
}

func newScoreGraph(c ScorerConfig) *scoreGraph {
	g := &scoreGraph{Builder: onnxgraph.New("scores"), config: c}
	x := g.Input("embedding", onnxgraph.Float32, onnxgraph.Free("n"), onnxgraph.Size(c.Rows), onnxgraph.Size(c.Dim))
	if c.NormalizeRows {
		x = g.Div(x, g.Max(g.ReduceL2(x, 2), g.Scalar(tiny)))
	}
	g.rows = g.Reshape(x, -1, c.Dim)
	return g
}

// rankingGraph gives for each group that is not empty the outputs NAME.scores
// float32 [n,keep] and NAME.indices int64 [n,keep], indices within the group.
func rankingGraph(c ScorerConfig, groups []group) ([]byte, error) {
	g := newScoreGraph(c)
	for _, part := range groups {
		scores, indices := g.best(part)
		shape := []onnxgraph.Dim{onnxgraph.Free("n"), onnxgraph.Size(part.keep)}
		g.Output(part.name+".scores", scores, onnxgraph.Float32, shape...)
		g.Output(part.name+".indices", indices, onnxgraph.Int64, shape...)
	}
	return g.Bytes()
}

// best ranks chunk by chunk, then the chunks' best. Both steps prefer the lower
// position among equals, and positions follow tag ids, so the lowest id wins.
func (g *scoreGraph) best(part group) (scores, indices *onnxgraph.Value) {
	var values, places []*onnxgraph.Value
	for first := 0; first < len(part.ids); first += chunkTags {
		ids := part.ids[first:min(first+chunkTags, len(part.ids))]
		v, i := g.TopK(g.scores(ids), min(part.keep, len(ids)), 1)
		if first > 0 {
			i = g.Add(i, g.Ints(first))
		}
		values, places = append(values, v), append(places, i)
	}
	if len(values) == 1 {
		return values[0], places[0]
	}
	scores, at := g.TopK(g.Concat(1, values...), part.keep, 1)
	return scores, g.GatherElements(g.Concat(1, places...), at, 1)
}

// scoresGraph gives the output scores float32 [n,C] in the vocabulary's order.
func scoresGraph(c ScorerConfig) ([]byte, error) {
	g := newScoreGraph(c)
	var parts []*onnxgraph.Value
	for first := 0; first < len(c.Seen); first += chunkTags {
		var ids []int32
		for i := first; i < min(first+chunkTags, len(c.Seen)); i++ {
			ids = append(ids, int32(i))
		}
		parts = append(parts, g.scores(ids))
	}
	g.Output("scores", g.Concat(1, parts...), onnxgraph.Float32, onnxgraph.Free("n"), onnxgraph.Size(len(c.Seen)))
	return g.Bytes()
}

// scores are [n,tags] for the tags of the given ids.
func (g *scoreGraph) scores(ids []int32) *onnxgraph.Value {
	products := g.MatMul(g.rows, g.Constant("", g.config.columns(ids)))
	return g.reduce(g.Reshape(products, -1, g.config.Rows, len(ids)))
}

// reduce joins the row scores [n,K,tags] to [n,tags].
func (g *scoreGraph) reduce(scores *onnxgraph.Value) *onnxgraph.Value {
	switch {
	case g.config.Rows == 1:
		return g.Reshape(scores, 0, -1)
	case g.config.Reduction == Mean:
		return g.ReduceMean(scores, 1)
	case g.config.Reduction == TopMean:
		top, _ := g.TopK(scores, g.config.TopRows, 1)
		return g.ReduceMean(top, 1)
	}
	return g.ReduceMax(scores, 1)
}

// tiny keeps the division by a zero row's length defined; the row stays zero.
const tiny = 1e-12

// columns are the vectors of the given tags as [D,len(ids)], scaled by the
// logit scale and, where asked, to unit length.
func (c ScorerConfig) columns(ids []int32) tensor.Tensor {
	t := tensor.New(c.Dim, len(ids))
	for j, id := range ids {
		v := c.vector(id)
		scale := c.scale(v)
		for d, x := range v {
			t.Values[d*len(ids)+j] = float32(float64(x) * scale)
		}
	}
	return t
}

func (c ScorerConfig) vector(id int32) []float32 { return c.Vectors[int(id)*c.Dim:][:c.Dim] }

func (c ScorerConfig) scale(v []float32) float64 {
	scale := c.LogitScale
	if scale == 0 {
		scale = 1
	}
	if c.NormalizeTags {
		scale /= max(math.Sqrt(squares(v)), tiny)
	}
	return scale
}

func squares(v []float32) float64 {
	var sum float64
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	return sum
}
