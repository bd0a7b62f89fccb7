package augment

// blend is Pillow's Image.blend: from 0 on a straight line to 1 at factor 1 and
// on. Arithmetic is in 32-bit floats and the fraction is cut off.
func blend(zero, one uint8, factor float32) uint8 {
	product := factor * float32(int(one)-int(zero))
	v := float32(zero) + float32(product)
	return uint8(max(0, min(v, 255)))
}

// luma is Pillow's conversion to "L" (ITU-R 601-2 in 16 bit fractions).
func luma(r, g, b uint8) uint8 {
	return uint8((uint32(r)*19595 + uint32(g)*38470 + uint32(b)*7471 + 0x8000) >> 16)
}

// colour blends each pixel with its grey: 0 is a grey image, 1 the image.
func (p picture) colour(factor float64) {
	f := float32(factor)
	for i := 0; i+2 < len(p.rgb); i += 3 {
		q := p.rgb[i : i+3 : i+3]
		l := luma(q[0], q[1], q[2])
		q[0], q[1], q[2] = blend(l, q[0], f), blend(l, q[1], f), blend(l, q[2], f)
	}
}

// contrast blends the image with its mean grey, rounded: 0 is that grey
// everywhere, 1 the image.
func (p picture) contrast(factor float64) {
	sum := 0
	for i := 0; i+2 < len(p.rgb); i += 3 {
		sum += int(luma(p.rgb[i], p.rgb[i+1], p.rgb[i+2]))
	}
	p.blendWith(uint8(float64(sum)/float64(p.size*p.size)+0.5), factor)
}

// brightness blends the image with black: 0 is black, 1 the image.
func (p picture) brightness(factor float64) { p.blendWith(0, factor) }

func (p picture) blendWith(constant uint8, factor float64) {
	var t table
	for i := range t {
		t[i] = blend(constant, uint8(i), float32(factor))
	}
	p.lookAll(&t)
}

// sharpness blends the image with a smooth one: 0 is that, 1 the image, 2 a
// sharpened one. The smooth image weighs 3 x 3 pixels by 1, the middle one by 5,
// over 13 (ImageFilter.SMOOTH); the outermost pixels stay.
func (p picture) sharpness(factor float64) {
	from, f := p.original(), float32(factor)
	for y := 1; y < p.size-1; y++ {
		above, here, below := p.row(from, y-1), p.row(from, y), p.row(from, y+1)
		out := p.row(p.rgb, y)
		for i := 3; i < len(out)-3; i++ {
			sum := int(above[i-3]) + int(above[i]) + int(above[i+3]) +
				int(here[i-3]) + 5*int(here[i]) + int(here[i+3]) +
				int(below[i-3]) + int(below[i]) + int(below[i+3])
			// 13 is odd: no sum lies halfway, so whole numbers round as floats do.
			out[i] = blend(uint8((2*sum+13)/26), here[i], f)
		}
	}
}
