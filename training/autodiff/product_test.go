package autodiff_test

import "testing"

func TestProducts(t *testing.T) {
	list := []operator{
		{name: "matrices", shapes: [][]int{{2, 3}, {3, 4}}, build: func(b *builder, in []*value) *value { return b.MatMul(in[0], in[1]) }},
		{name: "stacks", shapes: [][]int{{2, 2, 3}, {2, 3, 4}}, build: func(b *builder, in []*value) *value { return b.MatMul(in[0], in[1]) }},
	}
	for _, turn := range []struct {
		x, y   bool
		shapes [][]int
	}{
		{false, false, [][]int{{2, 3}, {3, 4}}}, {true, false, [][]int{{3, 2}, {3, 4}}},
		{false, true, [][]int{{2, 3}, {4, 3}}}, {true, true, [][]int{{3, 2}, {4, 3}}},
	} {
		list = append(list, operator{name: "gemm", shapes: turn.shapes, build: func(b *builder, in []*value) *value {
			return b.Gemm(in[0], in[1], turn.x, turn.y)
		}})
	}
	check(t, list)
}
