package tresnet

import (
	"errors"
	"fmt"
)

// Architecture says which net it is.
type Architecture struct {
	Layers    [4]int  `json:"layers"`     // blocks in each stage
	Width     float64 `json:"width"`      // the first stage has int(64·Width) channels
	Rows      int     `json:"rows"`       // K, rows of the embedding matrix
	Dim       int     `json:"dim"`        // D, columns
	InputSize int     `json:"input_size"` // S, pixels on each side
}

// The sizes that have names; Rows, Dim and InputSize are the caller's.
var (
	M  = Architecture{Layers: [4]int{3, 4, 11, 3}, Width: 1}
	L  = Architecture{Layers: [4]int{4, 5, 18, 3}, Width: 1.2}
	XL = Architecture{Layers: [4]int{4, 5, 24, 3}, Width: 1.3}
)

var presets = []struct {
	name string
	Architecture
}{{"M", M}, {"L", L}, {"XL", XL}}

// Limits that keep a foreign description from asking for absurd memory.
const (
	maxBlocks   = 256
	maxPlanes   = 1024
	maxMatrix   = 1 << 20
	minSize     = 20 // smaller images leave the last blur a single pixel
	maxSize     = 4096
	pixelsBlock = 4 // side of the space-to-depth blocks
)

// With returns the architecture with another head and input size.
func (a Architecture) With(rows, dim, inputSize int) Architecture {
	a.Rows, a.Dim, a.InputSize = rows, dim, inputSize
	return a
}

// Name is "TResNet-M", "TResNet-L" or "TResNet-XL", or tells the layers and
// width of another net.
func (a Architecture) Name() string {
	for _, known := range presets {
		if a.Layers == known.Layers && a.planes() == known.planes() {
			return "TResNet-" + known.name
		}
	}
	return fmt.Sprintf("TResNet %v x %g", a.Layers, a.Width)
}

// Validate reports every value that no net can have.
func (a Architecture) Validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	for i, n := range a.Layers {
		if n < 1 || n > maxBlocks {
			bad("stage %d has %d blocks, want 1 to %d", i+1, n, maxBlocks)
		}
	}
	if !(a.Width*64 >= 1 && a.Width*64 <= maxPlanes) {
		bad("width %g, want 1/64 to %d", a.Width, maxPlanes/64)
	}
	if a.Rows < 1 || a.Dim < 1 || a.Rows > maxMatrix || a.Dim > maxMatrix || a.Rows*a.Dim > maxMatrix {
		bad("matrix of %d rows and %d columns, want 1 to %d elements", a.Rows, a.Dim, maxMatrix)
	}
	if a.InputSize%pixelsBlock != 0 || a.InputSize < minSize || a.InputSize > maxSize {
		bad("input size %d, want a multiple of %d from %d to %d", a.InputSize, pixelsBlock, minSize, maxSize)
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("tresnet: %w", err)
	}
	return nil
}

// planes are the channels of the first stage.
func (a Architecture) planes() int { return int(64 * a.Width) }

// Features are the channels F that the last stage hands to the head.
func (a Architecture) Features() int { return a.planes() * 8 * bottleneckExpansion }
