// Package resize scales RGB images to a square, bit for bit as Pillow's
// Image.resize does: a separable antialiasing kernel with fixed-point weights,
// first along the rows, rounded to 8 bits, then along the columns. The image is
// stretched to the square, or keeps its shape and is cut to its middle.
//
// Rows stream in; no copy of the input is held. Memory depends on the sides of
// the input, never on its area.
package resize

import "fmt"

// tapsBudgetBytes bounds the weights that a Resizer remembers between images.
const tapsBudgetBytes = 4 << 20

// Resizer scales images of any size to Size x Size. It is not safe for
// concurrent use. Use: Begin, Row for each input row, Finish.
type Resizer struct {
	size      int
	shortSide int // 0: stretched
	filter    Filter

	known      map[axis]*taps
	knownBytes int

	across, down *taps
	width        int
	height       int

	// Two input rows are scaled at once, the one in the low half and the other
	// in the high half of each 64-bit lane: lane·weight sums stay exact while
	// each half keeps within 32 bits, which 8-bit samples and weights of sum 1 do.
	pair    [][3]int64 // [width] channels
	pending int        // row index waiting in the low half, or -1
	first   []int64    // [lanes] scaled row, two neighbouring samples per lane
	second  []int64
	sums    []int64 // [size, lanes] column sums, two samples per lane
	lanes   int
}

// New returns a Resizer that stretches to size x size pixels; size must be
// positive.
func New(size int, filter Filter) (*Resizer, error) { return NewCrop(size, 0, filter) }

// NewCrop returns a Resizer that brings an image's shorter side to shortSide, at
// least size, and keeps the size x size pixels in the middle. A shortSide of 0
// stretches instead.
func NewCrop(size, shortSide int, filter Filter) (*Resizer, error) {
	if size <= 0 || filter.weight == nil {
		return nil, fmt.Errorf("resize to %d pixels with filter %q", size, filter.Name)
	}
	if shortSide != 0 && shortSide < size {
		return nil, fmt.Errorf("a shorter side of %d pixels has no %d to keep", shortSide, size)
	}
	lanes := (3*size + 1) / 2
	return &Resizer{
		size: size, shortSide: shortSide, filter: filter, lanes: lanes, known: map[axis]*taps{},
		first: make([]int64, lanes), second: make([]int64, lanes), sums: make([]int64, size*lanes),
	}, nil
}

// MaxMemory is an upper bound in bytes of what a Resizer to size x size holds
// for images whose longer side is at most side.
func MaxMemory(size, side int, f Filter) int64 {
	weights := func(n int) int64 { return int64(8*f.support)*int64(max(n, size)) + 48*int64(size) }
	return 24*int64(side) + 12*int64(size)*int64(size+4) + 2*weights(side) + tapsBudgetBytes
}

// Begin starts an image of width x height pixels, both positive.
func (r *Resizer) Begin(width, height int) {
	r.width, r.height, r.pending = width, height, -1
	across, down := r.axes(width, height)
	r.across, r.down = r.taps(across), r.taps(down)
	if cap(r.pair) < width {
		r.pair = make([][3]int64, width)
	}
	r.pair = r.pair[:width]
	const half = 1 << (fractionBits - 1)
	for i := range r.sums {
		r.sums[i] = half | half<<32
	}
}

// Row takes input row y, width*3 bytes RGB. Each row must come once; order only
// matters for speed: neighbours belong together. The row is not kept.
func (r *Resizer) Row(y int, rgb []byte) {
	if r.pending < 0 {
		packLow(r.pair, rgb)
		r.pending = y
		return
	}
	packHigh(r.pair, rgb)
	r.flush(r.pending, y)
	r.pending = -1
}

// Finish writes the scaled image, size*size*3 bytes RGB, to dst.
func (r *Resizer) Finish(dst []byte) {
	if r.pending >= 0 {
		r.flush(r.pending, -1)
		r.pending = -1
	}
	row := 3 * r.size
	for o := range r.size {
		unpack(dst[o*row:(o+1)*row], r.sums[o*r.lanes:(o+1)*r.lanes])
	}
}

// Release drops buffers that a very large image left behind.
func (r *Resizer) Release(maxBytes int) {
	if 24*cap(r.pair) > maxBytes {
		r.pair = nil
	}
}

func (r *Resizer) taps(a axis) *taps {
	if t := r.known[a]; t != nil {
		return t
	}
	t := newTaps(r.filter, a, r.size)
	if r.knownBytes+t.sizeBytes > tapsBudgetBytes {
		clear(r.known)
		r.knownBytes = 0
	}
	if t.sizeBytes <= tapsBudgetBytes {
		r.known[a] = t
		r.knownBytes += t.sizeBytes
	}
	return t
}

// flush scales the packed pair across and adds it to the column sums. y1 is -1
// when the high half is empty.
func (r *Resizer) flush(y0, y1 int) {
	alone := y1 < 0
	if alone {
		y1 = y0
	}
	first := r.firstOutput(min(y0, y1))
	if first == r.size || r.down.windows[first].start > max(y0, y1) {
		return // of what is cut off
	}
	scaleAcross(r.first, r.second, r.pair, r.across.windows)
	if alone {
		clear(r.second)
	}
	for o := first; o < r.size; o++ {
		w := &r.down.windows[o]
		if w.start > max(y0, y1) {
			break
		}
		addRows(r.sums[o*r.lanes:(o+1)*r.lanes], r.first, r.second, w.at(y0), w.at(y1))
	}
}

// firstOutput is the first output row that reads input row y or a later one.
func (r *Resizer) firstOutput(y int) int {
	low, high := 0, r.size
	for low < high {
		mid := (low + high) / 2
		if r.down.windows[mid].end() > y {
			high = mid
		} else {
			low = mid + 1
		}
	}
	return low
}
