package ort

import (
	"runtime"

	binding "github.com/yalue/onnxruntime_go"
)

// Tensor lends a Go slice to a Run, with its shape.
type Tensor struct {
	shape []int
	open  func(*runtime.Pinner, binding.Shape) (binding.Value, error)
}

// Lend makes a tensor of values, row-major. Its slice must hold the shape's
// count of values and not be touched by others during the Run.
func Lend[T float32 | uint8 | int64 | int32](values []T, shape ...int) Tensor {
	return Tensor{shape: shape, open: func(pin *runtime.Pinner, s binding.Shape) (binding.Value, error) {
		if len(values) > 0 {
			pin.Pin(&values[0])
		}
		return binding.NewTensor(s, values)
	}}
}

// loan keeps the slices of one Run in place and frees the library's views of
// them.
type loan struct {
	pin  runtime.Pinner
	open []binding.Value
	err  error
}

func (l *loan) values(tensors []Tensor) []binding.Value {
	out := make([]binding.Value, 0, len(tensors))
	for _, t := range tensors {
		if l.err != nil {
			return nil
		}
		var v binding.Value
		if v, l.err = t.open(&l.pin, dims(t.shape)); l.err == nil {
			out = append(out, v)
			l.open = append(l.open, v)
		}
	}
	return out
}

func (l *loan) end() {
	for _, v := range l.open {
		_ = v.Destroy()
	}
	l.pin.Unpin()
}

func dims(shape []int) binding.Shape {
	out := make(binding.Shape, len(shape))
	for i, d := range shape {
		out[i] = int64(d)
	}
	return out
}
