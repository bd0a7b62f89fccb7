package torchfile

import "math"

// elementCount multiplies a shape; ok is false beyond the range of int.
func elementCount(shape []int) (n int, ok bool) {
	n, ok = 1, true
	for _, d := range shape {
		if d == 0 {
			return 0, true
		}
		if n > math.MaxInt/d {
			ok = false
			continue
		}
		n *= d
	}
	return n, ok
}

// lastIndex is the highest index that a non-empty strided array reaches; ok is
// false beyond the range of int.
func lastIndex(offset int, shape, stride []int) (last int, ok bool) {
	last = offset
	for i, d := range shape {
		if d > 1 && stride[i] > (math.MaxInt-last)/(d-1) {
			return 0, false
		}
		last += (d - 1) * stride[i]
	}
	return last, true
}

// rowMajor reports whether the elements lie in row-major order without gaps.
func rowMajor(shape, stride []int) bool {
	step := 1
	for i := len(shape) - 1; i >= 0; i-- {
		if shape[i] != 1 && stride[i] != step {
			return false
		}
		step *= shape[i]
	}
	return true
}

// fortranStride is the stride of an array whose first index moves fastest.
func fortranStride(shape []int) []int {
	stride, step := make([]int, len(shape)), 1
	for i, d := range shape {
		stride[i], step = step, step*d
	}
	return stride
}

// gather copies the elements of a strided array, count of them, into row-major
// order.
func gather[N any](src []N, shape, stride []int, count int) []N {
	dst := make([]N, count)
	index, at := make([]int, len(shape)), 0
	for i := range dst {
		dst[i] = src[at]
		for d := len(shape) - 1; d >= 0; d-- {
			at += stride[d]
			if index[d]++; index[d] < shape[d] {
				break
			}
			at -= index[d] * stride[d]
			index[d] = 0
		}
	}
	return dst
}
