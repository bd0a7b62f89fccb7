package augment

// A table gives each value of a channel its new one.
type table [256]uint8

func (p picture) lookAll(t *table) { p.lookEach(&[3]*table{t, t, t}) }

// lookEach looks every channel up in its own table.
func (p picture) lookEach(t *[3]*table) {
	r, g, b := t[0], t[1], t[2]
	for i := 0; i+2 < len(p.rgb); i += 3 {
		q := p.rgb[i : i+3 : i+3]
		q[0], q[1], q[2] = r[q[0]], g[q[1]], b[q[2]]
	}
}

func (p picture) invert() {
	for i, v := range p.rgb {
		p.rgb[i] = 255 - v
	}
}

// posterize keeps the upper bits, 0 to 8 of them.
func (p picture) posterize(bits int) {
	mask := uint8(0xff) << (8 - bits)
	for i, v := range p.rgb {
		p.rgb[i] = v & mask
	}
}

// solarize inverts values of threshold and more.
func (p picture) solarize(threshold float64) {
	var t table
	for i := range t {
		t[i] = uint8(i)
		if float64(i) >= threshold {
			t[i] = uint8(255 - i)
		}
	}
	p.lookAll(&t)
}

// solarizeAdd adds to values below 128, up to 255.
func (p picture) solarizeAdd(add int) {
	var t table
	for i := range t {
		t[i] = uint8(i)
		if i < 128 {
			t[i] = uint8(min(i+add, 255))
		}
	}
	p.lookAll(&t)
}

// histograms counts the values of each channel.
func (p picture) histograms() (h [3][256]int) {
	for i := 0; i+2 < len(p.rgb); i += 3 {
		q := p.rgb[i : i+3 : i+3]
		h[0][q[0]]++
		h[1][q[1]]++
		h[2][q[2]]++
	}
	return h
}

// mapChannels looks each channel up in the table that follows from its
// histogram.
func (p picture) mapChannels(from func(h [256]int) table) {
	h := p.histograms()
	r, g, b := from(h[0]), from(h[1]), from(h[2])
	p.lookEach(&[3]*table{&r, &g, &b})
}

func identity() (t table) {
	for i := range t {
		t[i] = uint8(i)
	}
	return t
}

// autoContrast stretches each channel to 0..255 (ImageOps.autocontrast).
func (p picture) autoContrast() { p.mapChannels(stretched) }

func stretched(h [256]int) (t table) {
	low, high := 0, 255
	for low < 255 && h[low] == 0 {
		low++
	}
	for high > 0 && h[high] == 0 {
		high--
	}
	if high <= low {
		return identity()
	}
	scale := 255 / float64(high-low)
	offset := -float64(low) * scale
	for i := range t {
		product := float64(float64(i) * scale) // never fused with the sum
		t[i] = uint8(max(0, min(int(product+offset), 255)))
	}
	return t
}

// equalize flattens the histogram of each channel (ImageOps.equalize).
func (p picture) equalize() { p.mapChannels(flattened) }

func flattened(h [256]int) (t table) {
	total, last := 0, 0
	for _, n := range h {
		if n > 0 {
			total, last = total+n, n
		}
	}
	step := (total - last) / 255
	if step == 0 {
		return identity()
	}
	sum := step / 2
	for i, n := range h {
		t[i] = uint8(min(sum/step, 255))
		sum += n
	}
	return t
}
