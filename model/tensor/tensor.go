// Package tensor holds the dense array that checkpoints, weights and graphs
// exchange.
package tensor

import "fmt"

// Tensor is a float32 array in row-major order. A nil Shape is a scalar.
type Tensor struct {
	Shape  []int
	Values []float32
}

// New returns a zeroed tensor of the given shape.
func New(shape ...int) Tensor {
	return Tensor{Shape: shape, Values: make([]float32, Count(shape))}
}

// Count returns the number of elements of a shape.
func Count(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// Validate reports a shape that does not match the number of values.
func (t Tensor) Validate() error {
	if Count(t.Shape) != len(t.Values) {
		return fmt.Errorf("tensor: shape %v holds %d values, got %d", t.Shape, Count(t.Shape), len(t.Values))
	}
	return nil
}
