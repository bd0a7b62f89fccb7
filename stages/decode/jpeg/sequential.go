package jpeg

// sequential decodes a whole block and reconstructs its samples.
func (d *Decoder) sequential(c *component, bx, by int) error {
	b := &d.block
	*b = block{}
	last, ok := d.coefficients(c, b)
	if !ok {
		return d.badCode()
	}
	c.reconstruct(b, last, bx, by)
	return nil
}

// coefficients decodes DC and AC into b, which is zero. last is the zigzag index
// of the last coefficient that may differ from zero; ok is false at a bad code.
func (d *Decoder) coefficients(c *component, b *block) (last int, ok bool) {
	bits, ac := &d.bits, c.acTab
	size, ok := bits.symbol(c.dcTab)
	if !ok || size > 16 {
		return 0, false
	}
	c.dc += bits.extended(uint(size))
	b[0] = int16(c.dc)
	for k := 1; k < 64; k++ {
		symbol, ok := bits.symbol(ac)
		if !ok {
			return 0, false
		}
		run, size := int(symbol>>4), uint(symbol&15)
		if size == 0 {
			if run != 15 {
				break
			}
			k += 15
			continue
		}
		k += run
		if k > 63 {
			return 0, false
		}
		b[zigzag[k]] = int16(bits.extended(size))
		last = k
	}
	return last, true
}
