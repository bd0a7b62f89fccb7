package augment

import "math"

// grey is every channel of what moves into the picture.
const grey = 128

// rotate turns the image counter-clockwise about its centre (Image.rotate).
func (p picture) rotate(degrees float64) {
	if degrees == 0 {
		return
	}
	sin, cos := math.Sincos(-degrees * math.Pi / 180)
	sin, cos = digits15(sin), digits15(cos)
	centre := float64(p.size) / 2
	p.affine([6]float64{
		cos, sin, centre - cos*centre - sin*centre,
		-sin, cos, centre + sin*centre - cos*centre,
	})
}

// digits15 rounds to 15 decimals, as Image.rotate does.
func digits15(v float64) float64 { return math.Round(v*1e15) / 1e15 }

func (p picture) shearX(by float64) { p.affine([6]float64{1, by, 0, 0, 1, 0}) }
func (p picture) shearY(by float64) { p.affine([6]float64{1, 0, 0, by, 1, 0}) }

// translateX moves the image by pixels to the left, translateY up.
func (p picture) translateX(by int) { p.affine([6]float64{1, 0, float64(by), 0, 1, 0}) }
func (p picture) translateY(by int) { p.affine([6]float64{1, 0, 0, 0, 1, float64(by)}) }

// affine fills every pixel from the one that its middle falls into: of column
// a₀x + a₁y + a₂ and row a₃x + a₄y + a₅, grey where there is none. It counts in
// fractions of 16 bits, as Pillow does (Geometry.c, affine_fixed).
func (p picture) affine(a [6]float64) {
	from := p.original()
	left := fixed(a[2] + a[0]*0.5 + a[1]*0.5)
	top := fixed(a[5] + a[3]*0.5 + a[4]*0.5)
	stepX, stepY := fixed(a[0]), fixed(a[3])
	for y := range p.size {
		line := p.row(p.rgb, y)
		column, row := left, top
		for i := 0; i < len(line); i += 3 {
			p.take(line[i:i+3:i+3], from, column>>16, row>>16)
			column += stepX
			row += stepY
		}
		left += fixed(a[1])
		top += fixed(a[4])
	}
}

func fixed(v float64) int { return int(math.Floor(v*65536 + 0.5)) }

func (p picture) take(to, from []uint8, x, y int) {
	if uint(x) >= uint(p.size) || uint(y) >= uint(p.size) {
		to[0], to[1], to[2] = grey, grey, grey
		return
	}
	q := from[3*(y*p.size+x):][:3]
	to[0], to[1], to[2] = q[0], q[1], q[2]
}
