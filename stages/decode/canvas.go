package decode

import "github.com/sdl-batch/sdl-batch/stages/decode/resize"

// canvas takes the rows of an image as they were stored, turns them upright and
// passes them on to be resized.
type canvas struct {
	resizer       *resize.Resizer
	width, height int // as stored
	orientation   int // Exif, 1-8
	mirrored      []byte
	stored        []byte // the whole image, where rows and columns must be swapped
	columns       []byte
}

// begin starts an image of width x height pixels as stored.
func (c *canvas) begin(width, height, orientation int) {
	c.width, c.height, c.orientation = width, height, orientation
	if c.swapped() {
		c.stored = sized(c.stored, 3*width*height)
		c.resizer.Begin(height, width)
		return
	}
	c.mirrored = sized(c.mirrored, 3*width)
	c.resizer.Begin(width, height)
}

// swapped tells whether upright rows are stored columns.
func (c *canvas) swapped() bool { return c.orientation >= 5 }

// row takes stored row y, 3*width bytes.
func (c *canvas) row(y int, rgb []byte) {
	if c.swapped() {
		copy(c.stored[3*c.width*y:], rgb[:3*c.width])
		return
	}
	if c.orientation == 2 || c.orientation == 3 {
		mirror(c.mirrored, rgb)
		rgb = c.mirrored
	}
	if c.orientation == 3 || c.orientation == 4 {
		y = c.height - 1 - y
	}
	c.resizer.Row(y, rgb)
}

// finish writes the resized image to dst.
func (c *canvas) finish(dst []byte) {
	if c.swapped() {
		c.turn()
	}
	c.resizer.Finish(dst)
}

// columnsAtOnce is how many stored columns are gathered in one walk over the
// rows: as many pixels as about one cache line holds.
const columnsAtOnce = 16

// turn hands on the stored columns as rows: for orientation 5 and 6 from the
// left, for 7 and 8 from the right; for 6 and 7 each from its bottom.
func (c *canvas) turn() {
	length := 3 * c.height
	c.columns = sized(c.columns, columnsAtOnce*length)
	fromRight := c.orientation >= 7
	fromBottom := c.orientation == 6 || c.orientation == 7
	for x := 0; x < c.width; x += columnsAtOnce {
		n := min(columnsAtOnce, c.width-x)
		c.gather(x, n, fromBottom)
		for i := range n {
			y := x + i
			if fromRight {
				y = c.width - 1 - y
			}
			c.resizer.Row(y, c.columns[i*length:(i+1)*length])
		}
	}
}

// gather copies n stored columns from x on into rows of columns.
func (c *canvas) gather(x, n int, fromBottom bool) {
	length := 3 * c.height
	for y := range c.height {
		at := 3 * y
		if fromBottom {
			at = length - 3 - at
		}
		from := c.stored[3*(y*c.width+x):][:3*n]
		for i := range n {
			copy(c.columns[i*length+at:][:3], from[3*i:])
		}
	}
}

// release drops buffers of unusual size.
func (c *canvas) release() {
	if cap(c.stored) > keepBytes {
		c.stored = nil
	}
	if cap(c.columns) > keepBytes {
		c.columns = nil
	}
	c.resizer.Release(keepBytes)
}

func mirror(dst, src []byte) {
	for from, to := 0, len(dst)-3; to >= 0; from, to = from+3, to-3 {
		copy(dst[to:to+3], src[from:from+3])
	}
}

func sized(b []byte, n int) []byte {
	if cap(b) < n {
		return make([]byte, n)
	}
	return b[:n]
}
