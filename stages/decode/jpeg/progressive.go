package jpeg

func (c *component) at(bx, by int) *block { return &c.coefficients[by*c.stride+bx] }

// firstDC decodes the DC coefficient but for its low bits.
func (d *Decoder) firstDC(c *component, bx, by int) error {
	size, ok := d.bits.symbol(c.dcTab)
	if !ok || size > 16 {
		return d.badCode()
	}
	c.dc += d.bits.extended(uint(size))
	c.at(bx, by)[0] = int16(c.dc << d.scan.low)
	return nil
}

// refineDC adds one bit to the DC coefficient.
func (d *Decoder) refineDC(c *component, bx, by int) error {
	d.bits.fill()
	c.at(bx, by)[0] |= int16(d.bits.take(1) << d.scan.low)
	return nil
}

// firstAC decodes a band of AC coefficients but for their low bits.
func (d *Decoder) firstAC(c *component, bx, by int) error {
	if d.eobRun > 0 {
		d.eobRun--
		return nil
	}
	b := c.at(bx, by)
	for k := d.scan.start; k <= d.scan.end; k++ {
		symbol, ok := d.bits.symbol(c.acTab)
		if !ok {
			return d.badCode()
		}
		run, size := int(symbol>>4), uint(symbol&15)
		switch {
		case size > 0:
			k += run
			if k > 63 {
				return d.badCode()
			}
			b[zigzag[k]] = int16(d.bits.extended(size) << d.scan.low)
		case run == 15:
			k += 15
		default:
			d.eobRun = d.endOfBand(run) - 1
			return nil
		}
	}
	return nil
}

// endOfBand reads the number of blocks, this one included, whose band ends here.
func (d *Decoder) endOfBand(run int) int32 {
	return 1<<run + d.bits.take(uint(run))
}

// refineAC adds one bit to a band of AC coefficients: a correction to each that
// is known to differ from zero, and the sign of each that newly does.
func (d *Decoder) refineAC(c *component, bx, by int) error {
	b := c.at(bx, by)
	k := d.scan.start
	for d.eobRun == 0 && k <= d.scan.end {
		symbol, ok := d.bits.symbol(c.acTab)
		if !ok || symbol&15 > 1 {
			return d.badCode()
		}
		run, fresh := int(symbol>>4), int16(0)
		switch {
		case symbol&15 == 1:
			fresh = int16((2*d.bits.take(1) - 1) << d.scan.low)
		case run < 15:
			d.eobRun = d.endOfBand(run)
			continue
		}
		k = d.correct(b, k, run)
		if k > d.scan.end {
			if fresh != 0 {
				return d.badCode()
			}
			break
		}
		if fresh != 0 {
			b[zigzag[k]] = fresh
		}
		k++
	}
	if d.eobRun > 0 {
		d.correct(b, k, 64)
		d.eobRun--
	}
	return nil
}

// correct refines the nonzero coefficients from zigzag index k on, passing over
// zeros, and returns the index of the zero after the skipped ones, or the end.
func (d *Decoder) correct(b *block, k, skip int) int {
	step := int16(1) << d.scan.low
	for ; k <= d.scan.end; k++ {
		v := &b[zigzag[k]]
		if *v == 0 {
			if skip == 0 {
				return k
			}
			skip--
			continue
		}
		d.bits.fill()
		if d.bits.take(1) == 0 || *v&step != 0 {
			continue
		}
		if *v > 0 {
			*v += step
		} else {
			*v -= step
		}
	}
	return k
}

// reconstruct turns the gathered coefficients into samples.
func (d *Decoder) reconstruct(check func() error) error {
	for i := range d.frame.components {
		c := &d.frame.components[i]
		for by := range c.blocksY {
			if err := check(); err != nil {
				return err
			}
			for bx := range c.blocksX {
				c.reconstruct(c.at(bx, by), 63, bx, by)
			}
		}
	}
	return nil
}
