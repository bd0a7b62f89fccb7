package autodiff_test

import (
	"testing"

	"github.com/sdl-batch/sdl-batch/model/onnxgraph"
)

func TestConvolution(t *testing.T) {
	var list []operator
	for _, c := range []struct {
		name   string
		kernel [2]int
		pads   onnxgraph.Pads
		size   [2]int
	}{
		{"1x1", [2]int{1, 1}, onnxgraph.Pads{}, [2]int{3, 4}},
		{"3x3", [2]int{3, 3}, onnxgraph.Around(1), [2]int{4, 5}},
		{"3x3 without pads", [2]int{3, 3}, onnxgraph.Pads{}, [2]int{4, 5}},
		{"2x3, uneven pads", [2]int{2, 3}, onnxgraph.Pads{Top: 1, Right: 2}, [2]int{3, 4}},
		{"an image smaller than the kernel", [2]int{3, 3}, onnxgraph.Around(1), [2]int{1, 2}},
	} {
		image, weight := []int{2, 3, c.size[0], c.size[1]}, []int{4, 3, c.kernel[0], c.kernel[1]}
		list = append(list,
			operator{name: c.name, shapes: [][]int{image, weight}, build: func(b *builder, in []*value) *value {
				return b.Conv(in[0], in[1], nil, onnxgraph.Convolution{Kernel: c.kernel, Pads: c.pads})
			}},
			operator{name: c.name + " with bias", shapes: [][]int{image, weight, {4}}, build: func(b *builder, in []*value) *value {
				return b.Conv(in[0], in[1], in[2], onnxgraph.Convolution{Kernel: c.kernel, Pads: c.pads})
			}})
	}
	check(t, list)
}

func TestPooling(t *testing.T) {
	pool := func(size, stride int, pads onnxgraph.Pads) func(b *builder, in []*value) *value {
		return func(b *builder, in []*value) *value { return b.AveragePool(in[0], size, stride, pads) }
	}
	check(t, []operator{
		{name: "global", shapes: [][]int{{2, 3, 2, 4}}, build: func(b *builder, in []*value) *value { return b.GlobalAveragePool(in[0]) }},
		{name: "2x2 of stride 2", shapes: [][]int{{1, 2, 4, 6}}, build: pool(2, 2, onnxgraph.Pads{})},
		{name: "odd sides", shapes: [][]int{{1, 2, 3, 5}}, build: pool(2, 2, onnxgraph.Pads{Bottom: 1, Right: 1})},
		{name: "2x2 of stride 1", shapes: [][]int{{2, 2, 4, 3}}, build: pool(2, 1, onnxgraph.Pads{})},
		{name: "padded around", shapes: [][]int{{1, 2, 3, 4}}, build: pool(2, 2, onnxgraph.Around(1))},
	})
}
