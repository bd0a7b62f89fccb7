package jpeg

import "fmt"

const (
	maxComponents = 4
	maxSampling   = 4
)

// block holds the coefficients of 8x8 samples in natural order, quantised.
type block [64]int16

// quantTable holds the steps of coefficients, in natural order.
type quantTable struct {
	defined bool
	steps   [64]uint16
}

// frame is the geometry of an image and the memory its samples live in.
type frame struct {
	progressive bool
	components  []component // a slice of all
	all         [maxComponents]component

	maxH, maxV    int // largest sampling factors
	mcusX, mcusY  int
	width, height int
}

// component is one colour channel, subsampled.
type component struct {
	id           byte
	h, v         int // sampling factors
	quantTable   byte
	quant        [64]uint16 // the table at the component's first scan
	scanned      bool
	dc           int32 // last DC value
	dcTab, acTab *huffman

	width, height    int // samples that count
	blocksX, blocksY int // blocks that hold them
	stride, rows     int // blocks in memory: padded to whole MCUs
	plane            []byte
	coefficients     []block // progressive only
}

func (f *frame) reset() {
	f.components = nil
}

// readFrame reads a frame header and lays the components out.
func (d *Decoder) readFrame(marker byte) error {
	if marker > markerSOF2 {
		return fmt.Errorf("%w: coding process %#x", ErrUnsupported, marker)
	}
	body, err := d.segment()
	if err != nil {
		return err
	}
	if len(body) < 6 || len(body) != 6+3*int(body[5]) {
		return fmt.Errorf("%w: frame header of %d bytes", ErrCorrupt, len(body))
	}
	if body[0] != 8 {
		return fmt.Errorf("%w: %d bits per sample", ErrUnsupported, body[0])
	}
	f := &d.frame
	f.progressive = marker == markerSOF2
	f.height = int(body[1])<<8 | int(body[2])
	f.width = int(body[3])<<8 | int(body[4])
	if f.width == 0 || f.height == 0 {
		return fmt.Errorf("%w: %d x %d pixels", ErrCorrupt, f.width, f.height)
	}
	d.head.Width, d.head.Height, d.head.Components = f.width, f.height, int(body[5])
	if err := f.layout(body[6:]); err != nil {
		return err
	}
	d.head.Memory = f.memory()
	return nil
}

// memory is what allocate makes room for, in bytes.
func (f *frame) memory() (total int64) {
	perBlock := int64(64)
	if f.progressive {
		perBlock += 128
	}
	for _, c := range f.components {
		total += perBlock * int64(c.stride) * int64(c.rows)
	}
	return total
}

// held is the size in bytes of the buffers, of this image or an earlier one.
func (f *frame) held() (total int) {
	for i := range f.all {
		total += cap(f.all[i].plane) + 128*cap(f.all[i].coefficients)
	}
	return total
}

// layout reads three bytes per component.
func (f *frame) layout(specs []byte) error {
	n := len(specs) / 3
	if n != 1 && n != 3 && n != 4 {
		return fmt.Errorf("%w: %d components", ErrUnsupported, n)
	}
	f.components = f.all[:n]
	f.maxH, f.maxV = 1, 1
	for i := range f.components {
		c, spec := &f.components[i], specs[3*i:]
		c.id, c.h, c.v, c.quantTable = spec[0], int(spec[1]>>4), int(spec[1]&15), spec[2]
		if c.h < 1 || c.h > maxSampling || c.v < 1 || c.v > maxSampling || c.quantTable > 3 {
			return fmt.Errorf("%w: component %d", ErrCorrupt, i)
		}
		f.maxH, f.maxV = max(f.maxH, c.h), max(f.maxV, c.v)
	}
	f.mcusX, f.mcusY = ceilDiv(f.width, 8*f.maxH), ceilDiv(f.height, 8*f.maxV)
	for i := range f.components {
		if err := f.place(&f.components[i]); err != nil {
			return err
		}
	}
	return nil
}

func (f *frame) place(c *component) error {
	if f.maxH%c.h != 0 || f.maxV%c.v != 0 {
		return fmt.Errorf("%w: fractional subsampling", ErrUnsupported)
	}
	c.scanned = false
	c.width, c.height = ceilDiv(f.width*c.h, f.maxH), ceilDiv(f.height*c.v, f.maxV)
	c.blocksX, c.blocksY = ceilDiv(c.width, 8), ceilDiv(c.height, 8)
	c.stride, c.rows = f.mcusX*c.h, f.mcusY*c.v
	return nil
}

// allocate makes room for the samples; large images are only paid for here,
// after the caller has seen the header.
func (f *frame) allocate() error {
	if len(f.components) == 0 {
		return fmt.Errorf("%w: no frame header", ErrCorrupt)
	}
	for i := range f.components {
		c := &f.components[i]
		blocks := c.stride * c.rows
		if cap(c.plane) < 64*blocks {
			c.plane = make([]byte, 64*blocks)
		}
		c.plane = c.plane[:64*blocks]
		if !f.progressive {
			continue
		}
		if cap(c.coefficients) < blocks {
			c.coefficients = make([]block, blocks)
		} else {
			c.coefficients = c.coefficients[:blocks]
			clear(c.coefficients)
		}
	}
	return nil
}

// complete reports a component that no scan has brought.
func (f *frame) complete() error {
	for i := range f.components {
		if !f.components[i].scanned {
			return fmt.Errorf("%w: component %d has no scan", ErrCorrupt, i)
		}
	}
	return nil
}

// row returns the samples of row y; rows past the end repeat the last.
func (c *component) row(y int) []byte {
	y = max(0, min(y, c.height-1))
	start := 8 * c.stride * y
	return c.plane[start : start+c.width]
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }
