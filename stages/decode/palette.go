package decode

// palette maps indices to RGB. Entries that a file does not define are gray,
// as in Pillow.
type palette [256][3]byte

func grayRamp() *palette {
	p := &palette{}
	for i := range p {
		p[i] = [3]byte{byte(i), byte(i), byte(i)}
	}
	return p
}

// row writes one pixel per index; rgb says how many.
func (p *palette) row(rgb, indices []byte) {
	for len(rgb) >= 3 {
		c := &p[indices[0]]
		rgb[0], rgb[1], rgb[2] = c[0], c[1], c[2]
		rgb, indices = rgb[3:], indices[1:]
	}
}
