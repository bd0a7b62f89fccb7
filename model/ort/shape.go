package ort

import (
	"context"
	"fmt"

	binding "github.com/yalue/onnxruntime_go"
)

// Shape runs the graph and returns the shape of its first output, which the
// model's own words often leave open.
func (s *Session) Shape(ctx context.Context, inputs []Tensor) ([]int, error) {
	var l loan
	defer l.end()
	in := l.values(inputs)
	if l.err != nil {
		return nil, fmt.Errorf("ort: run: %w", l.err)
	}
	out := make([]binding.Value, len(s.Model.Outputs))
	defer func() {
		for _, v := range out {
			if v != nil {
				_ = v.Destroy()
			}
		}
	}()
	if err := s.run(ctx, in, out); err != nil {
		return nil, err
	}
	var shape []int
	for _, n := range out[0].GetShape() {
		shape = append(shape, int(n))
	}
	return shape, nil
}
