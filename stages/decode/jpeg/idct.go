package jpeg

// The inverse DCT after Loeffler, Ligtenberg and Moschytz with the fixed-point
// constants and roundings that libjpeg calls "islow".
const (
	constBits = 13 // fraction of the constants
	passBits  = 2  // fraction kept between the passes

	c0298631336 = 2446
	c0390180644 = 3196
	c0541196100 = 4433
	c0765366865 = 6270
	c0899976223 = 7373
	c1175875602 = 9633
	c1501321110 = 12299
	c1847759065 = 15137
	c1961570560 = 16069
	c2053119869 = 16819
	c2562915447 = 20995
	c3072711026 = 25172
)

// reconstruct writes the samples of block (bx, by). Coefficients past zigzag
// index last are zero.
func (c *component) reconstruct(b *block, last, bx, by int) {
	stride := 8 * c.stride
	out := c.plane[8*(by*stride+bx):]
	if last == 0 {
		flat(out, stride, int32(b[0])*int32(c.quant[0]))
		return
	}
	var work [64]int32
	for x := range 8 {
		column(&work, b, &c.quant, x)
	}
	for y := range 8 {
		samples(out[y*stride:][:8], (*[8]int32)(work[8*y:]))
	}
}

// flat writes a block that has a DC coefficient only.
func flat(out []byte, stride int, dc int32) {
	v := sample((dc + 4) >> 3)
	for y := range 8 {
		row := out[y*stride:][:8]
		for x := range row {
			row[x] = v
		}
	}
}

// column dequantises column x and transforms it into work.
func column(work *[64]int32, b *block, q *[64]uint16, x int) {
	x &= 7
	if b[8+x]|b[16+x]|b[24+x]|b[32+x]|b[40+x]|b[48+x]|b[56+x] == 0 {
		dc := int32(b[x]) * int32(q[x]) << passBits
		for y := range 8 {
			work[8*y+x] = dc
		}
		return
	}
	const shift = constBits - passBits
	const half = 1 << (shift - 1)
	e0, e1, e2, e3 := even(int32(b[x])*int32(q[x]), int32(b[16+x])*int32(q[16+x]),
		int32(b[32+x])*int32(q[32+x]), int32(b[48+x])*int32(q[48+x]))
	o0, o1, o2, o3 := odd(int32(b[8+x])*int32(q[8+x]), int32(b[24+x])*int32(q[24+x]),
		int32(b[40+x])*int32(q[40+x]), int32(b[56+x])*int32(q[56+x]))
	work[x], work[56+x] = (e0+o0+half)>>shift, (e0-o0+half)>>shift
	work[8+x], work[48+x] = (e1+o1+half)>>shift, (e1-o1+half)>>shift
	work[16+x], work[40+x] = (e2+o2+half)>>shift, (e2-o2+half)>>shift
	work[24+x], work[32+x] = (e3+o3+half)>>shift, (e3-o3+half)>>shift
}

// samples transforms a row and stores it as 8 samples.
func samples(out []byte, in *[8]int32) {
	const shift = constBits + passBits + 3
	const half = 1 << (shift - 1)
	e0, e1, e2, e3 := even(in[0], in[2], in[4], in[6])
	o0, o1, o2, o3 := odd(in[1], in[3], in[5], in[7])
	_ = out[7]
	out[0], out[7] = sample((e0+o0+half)>>shift), sample((e0-o0+half)>>shift)
	out[1], out[6] = sample((e1+o1+half)>>shift), sample((e1-o1+half)>>shift)
	out[2], out[5] = sample((e2+o2+half)>>shift), sample((e2-o2+half)>>shift)
	out[3], out[4] = sample((e3+o3+half)>>shift), sample((e3-o3+half)>>shift)
}

// even is the half of the transform that works on inputs 0, 2, 4 and 6.
func even(i0, i2, i4, i6 int32) (e0, e1, e2, e3 int32) {
	z := (i2 + i6) * c0541196100
	t2, t3 := z-i6*c1847759065, z+i2*c0765366865
	t0, t1 := (i0+i4)<<constBits, (i0-i4)<<constBits
	return t0 + t3, t1 + t2, t1 - t2, t0 - t3
}

// odd is the half of the transform that works on inputs 1, 3, 5 and 7.
func odd(i1, i3, i5, i7 int32) (o0, o1, o2, o3 int32) {
	z5 := (i7 + i3 + i5 + i1) * c1175875602
	z1, z2 := (i7+i1)*-c0899976223, (i5+i3)*-c2562915447
	z3, z4 := z5-(i7+i3)*c1961570560, z5-(i5+i1)*c0390180644
	return i1*c1501321110 + z1 + z4, i3*c3072711026 + z2 + z3,
		i5*c2053119869 + z2 + z4, i7*c0298631336 + z1 + z3
}

// sample shifts the level and clips.
func sample(v int32) byte { return byte(max(0, min(v+128, 255))) }
