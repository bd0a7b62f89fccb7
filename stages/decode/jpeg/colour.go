package jpeg

// ycc holds the per-sample terms of the YCbCr to RGB matrix, 16-bit fixed point.
type ycc struct {
	redCr, blueCb    [256]int32 // rounded
	greenCr, greenCb [256]int32 // still scaled; greenCb carries the rounding
}

func newYCC() *ycc {
	const half = 1 << 15
	m := &ycc{}
	for i := range m.redCr {
		x := int32(i) - 128
		m.redCr[i] = (91881*x + half) >> 16
		m.blueCb[i] = (116130*x + half) >> 16
		m.greenCr[i] = -46802 * x
		m.greenCb[i] = -22554*x + half
	}
	return m
}

// convert upsamples and converts the planes to RGB rows.
func (d *Decoder) convert(check func() error, row func(y int, rgb []byte)) error {
	f := &d.frame
	if d.maps == nil {
		d.maps = newYCC()
	}
	var stretch [maxComponents]upsampler
	var rows [maxComponents][]byte
	for i := range f.components {
		if stretch[i] = f.upsamplerFor(&f.components[i]); stretch[i] != nil {
			d.upsampled[i] = grown(d.upsampled[i], f.width+2*maxSampling)
		}
	}
	d.rgb = grown(d.rgb, 3*f.width)
	paint := d.painter()
	for y := range f.height {
		if y%64 == 0 {
			if err := check(); err != nil {
				return err
			}
		}
		for i := range f.components {
			c := &f.components[i]
			if stretch[i] == nil {
				rows[i] = c.row(y)
				continue
			}
			stretch[i](c, d.upsampled[i], y)
			rows[i] = d.upsampled[i][:f.width]
		}
		paint(d.maps, d.rgb, &rows)
		row(y, d.rgb)
	}
	return nil
}

// painter picks the conversion from the markers and component ids as libjpeg does.
func (d *Decoder) painter() func(m *ycc, rgb []byte, rows *[maxComponents][]byte) {
	switch len(d.frame.components) {
	case 1:
		return paintGray
	case 3:
		if d.isRGB() {
			return paintRGB
		}
		return paintYCC
	}
	if !d.adobe || d.adobeTransform == 0 {
		return paintCMYK
	}
	return paintYCCK
}

func (d *Decoder) isRGB() bool {
	if d.jfif {
		return false
	}
	if d.adobe {
		return d.adobeTransform == 0
	}
	c := d.frame.components
	return c[0].id == 'R' && c[1].id == 'G' && c[2].id == 'B'
}

func paintGray(_ *ycc, rgb []byte, rows *[maxComponents][]byte) {
	for _, v := range rows[0] {
		rgb[0], rgb[1], rgb[2] = v, v, v
		rgb = rgb[3:]
	}
}

func paintRGB(_ *ycc, rgb []byte, rows *[maxComponents][]byte) {
	red, green, blue := rows[0], rows[1], rows[2]
	for i := range red {
		rgb[0], rgb[1], rgb[2] = red[i], green[i], blue[i]
		rgb = rgb[3:]
	}
}

func paintYCC(m *ycc, rgb []byte, rows *[maxComponents][]byte) {
	luma := rows[0]
	blue, red := rows[1][:len(luma)], rows[2][:len(luma)]
	for i, v := range luma {
		y, cb, cr := int32(v), blue[i], red[i]
		out := rgb[:3:3]
		out[0] = clip(y + m.redCr[cr])
		out[1] = clip(y + (m.greenCb[cb]+m.greenCr[cr])>>16)
		out[2] = clip(y + m.blueCb[cb])
		rgb = rgb[3:]
	}
}

// paintCMYK takes the samples as inverted, which all that write such files do.
func paintCMYK(_ *ycc, rgb []byte, rows *[maxComponents][]byte) {
	black := rows[3]
	for i, k := range black {
		rgb[0] = lit(rows[0][i], k)
		rgb[1] = lit(rows[1][i], k)
		rgb[2] = lit(rows[2][i], k)
		rgb = rgb[3:]
	}
}

func paintYCCK(m *ycc, rgb []byte, rows *[maxComponents][]byte) {
	paintYCC(m, rgb, rows)
	for _, k := range rows[3] {
		rgb[0], rgb[1], rgb[2] = lit(^rgb[0], k), lit(^rgb[1], k), lit(^rgb[2], k)
		rgb = rgb[3:]
	}
}

// FromInverted converts inverted CMYK samples, four bytes a pixel, to RGB. rgb
// says how many pixels.
func FromInverted(rgb, cmyk []byte) {
	for len(rgb) >= 3 {
		c := cmyk[:4:4]
		rgb[0], rgb[1], rgb[2] = lit(c[0], c[3]), lit(c[1], c[3]), lit(c[2], c[3])
		rgb, cmyk = rgb[3:], cmyk[4:]
	}
}

// lit is the light left by an inverted ink sample under inverted black, rounded
// as Pillow's conversion from CMYK does.
func lit(ink, black byte) byte {
	absorbed := int32(^ink)*int32(black) + 128
	return clip(int32(black) - (absorbed>>8+absorbed)>>8)
}

func clip(v int32) byte { return byte(max(0, min(v, 255))) }

func grown(b []byte, n int) []byte {
	if cap(b) < n {
		return make([]byte, n)
	}
	return b[:n]
}
