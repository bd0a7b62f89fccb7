package scenes

import (
	"math"
	"testing"
)

func TestStripesRunTheirWay(t *testing.T) {
	for degrees, step := range map[float64]point{0: {1, 0}, 45: {1, -1}, 90: {0, 1}, 135: {1, 1}} {
		paint := stripes(degrees)
		start := point{3, 1}
		for i := range 20 {
			at := point{start.x + float64(i)*step.x, start.y + float64(i)*step.y}
			if got, want := paint(at, 8, 0), paint(start, 8, 0); math.Abs(got-want) > 1e-9 {
				t.Errorf("stripes at %v degrees change along their way: %v, then %v", degrees, want, got)
			}
		}
	}
}

// Shares of the cloth that the second shade covers, from geometry.
func TestPatternsCoverTheirShare(t *testing.T) {
	for name, want := range map[string]float64{
		"plain": 0, "grid": 5. / 9, "lattice": 5. / 9, "checked": 0.5, "harlequin": 0.5, "dotted": math.Pi * 0.33 * 0.33,
		"rippled": 0.5, "zigzag": 0.5, "bricked": 1 - 2./3*5/6,
	} {
		var sum float64
		const side, period = 400, 20
		for y := range side {
			for x := range side {
				sum += textureOf(name).paint(point{float64(x) - side/2 + 0.5, float64(y) - side/2 + 0.5}, period, 0.1)
			}
		}
		if got := sum / (side * side); math.Abs(got-want) > 0.02 {
			t.Errorf("%s covers %.3f, want %.3f", name, got, want)
		}
	}
}

// Places whose shades are known.
func TestPatternsRepeatTheirWay(t *testing.T) {
	const period = 10
	for _, c := range []struct {
		texture string
		at      point
		want    float64
	}{
		{"grid", point{0, 5}, 1}, {"grid", point{5, 0}, 1}, {"grid", point{5, 5}, 0},
		{"lattice", point{3, 3}, 1}, {"lattice", point{3, -3}, 1}, {"lattice", point{7.07, 0}, 0},
		{"checked", point{0, 0}, 0}, {"checked", point{10, 0}, 1}, {"checked", point{0, 10}, 1}, {"checked", point{10, 10}, 0},
		{"harlequin", point{0, 0}, 0}, {"harlequin", point{7.07, 7.07}, 1}, {"harlequin", point{14.14, 0}, 0},
		{"dotted", point{0, 0}, 1}, {"dotted", point{7.07, 7.07}, 1}, {"dotted", point{7.07, 0}, 0},
		{"rippled", point{0, 0}, 1}, {"rippled", point{5, 0}, 0}, {"rippled", point{0, 5}, 0}, {"rippled", point{6, 8}, 1},
		{"bricked", point{5, 0}, 1}, {"bricked", point{0, 5}, 1}, {"bricked", point{10, 5}, 0},
		{"bricked", point{10, 15}, 1}, {"bricked", point{0, 15}, 0}, {"bricked", point{0, -5}, 0}, {"bricked", point{10, -5}, 1},
		{"zigzag", point{0, 5}, 1}, {"zigzag", point{10, 5}, 1}, {"zigzag", point{5, 0}, 1}, {"zigzag", point{5, 5}, 0},
		{"plain", point{3, 1}, 0},
	} {
		if got := textureOf(c.texture).paint(c.at, period, 0); math.Abs(got-c.want) > 0.1 {
			t.Errorf("%s at %v is %v, want %v", c.texture, c.at, got, c.want)
		}
	}
}

func textureOf(name string) texture {
	for _, t := range textures {
		if t.name == name {
			return t
		}
	}
	panic("no texture " + name)
}
