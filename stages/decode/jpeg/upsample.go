package jpeg

// upsampler stretches a component to full resolution, row by row.
type upsampler func(c *component, dst []byte, y int)

// upsamplerFor picks the method as libjpeg does: triangle filters for factors of
// two, replication for the rest and for components too narrow to filter.
func (f *frame) upsamplerFor(c *component) upsampler {
	h, v := f.maxH/c.h, f.maxV/c.v
	switch {
	case h == 1 && v == 1:
		return nil
	case h == 2 && v == 1 && c.width > 2:
		return triangleAcross
	case h == 1 && v == 2:
		return triangleDown
	case h == 2 && v == 2 && c.width > 2:
		return triangleBoth
	}
	return func(c *component, dst []byte, y int) { replicate(dst, c.row(y/v), h) }
}

// replicate repeats each sample as often as dst has room.
func replicate(dst, src []byte, times int) {
	if times == 1 {
		copy(dst, src)
		return
	}
	for i := range min(len(dst), len(src)*times) {
		dst[i] = src[i/times]
	}
}

// triangleAcross weighs the two nearest samples 3:1, rounding down on the left
// and up on the right of each. dst has room for two samples per input.
func triangleAcross(c *component, dst []byte, y int) {
	src := c.row(y)
	n := len(src)
	dst = dst[:2*n]
	dst[0] = src[0]
	dst[1] = byte((3*int(src[0]) + int(src[1]) + 2) >> 2)
	before, here := int(src[0]), int(src[1])
	for i := 1; i < n-1; i++ {
		after := int(src[i+1])
		dst[2*i] = byte((3*here + before + 1) >> 2)
		dst[2*i+1] = byte((3*here + after + 2) >> 2)
		before, here = here, after
	}
	dst[2*n-2] = byte((3*here + before + 1) >> 2)
	dst[2*n-1] = src[n-1]
}

// triangleDown weighs the two nearest rows 3:1, rounding down on the upper and
// up on the lower row of each.
func triangleDown(c *component, dst []byte, y int) {
	near, far := c.rowPair(y)
	bias := 1 + y&1
	dst, far = dst[:len(near)], far[:len(near)]
	for i := range dst {
		dst[i] = byte((3*int(near[i]) + int(far[i]) + bias) >> 2)
	}
}

// triangleBoth weighs the four nearest samples 9:3:3:1.
func triangleBoth(c *component, dst []byte, y int) {
	near, far := c.rowPair(y)
	n := len(near)
	far, dst = far[:n], dst[:2*n]
	here := 3*int(near[0]) + int(far[0])
	before := here
	for i := 0; i < n-1; i++ {
		after := 3*int(near[i+1]) + int(far[i+1])
		dst[2*i] = byte((3*here + before + 8) >> 4)
		dst[2*i+1] = byte((3*here + after + 7) >> 4)
		before, here = here, after
	}
	dst[2*n-2] = byte((3*here + before + 8) >> 4)
	dst[2*n-1] = byte((4*here + 7) >> 4)
}

// rowPair returns, for output row y of a component at half height, the nearest
// row and the next nearest: the one above for even y, below for odd.
func (c *component) rowPair(y int) (near, far []byte) {
	return c.row(y / 2), c.row(y/2 - 1 + 2*(y&1))
}
