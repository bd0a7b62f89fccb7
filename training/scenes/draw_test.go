package scenes

import (
	"image"
	"image/color"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDrawRepeats(t *testing.T) {
	first, firstTags := Draw(7, 3)
	second, secondTags := Draw(7, 3)
	if diff := cmp.Diff(firstTags, secondTags); diff != "" {
		t.Errorf("tags differ: %s", diff)
	}
	if !slices.Equal(first.(*image.RGBA).Pix, second.(*image.RGBA).Pix) {
		t.Error("the same arguments drew another picture")
	}
	other, _ := Draw(8, 3)
	if slices.Equal(first.(*image.RGBA).Pix, other.(*image.RGBA).Pix) {
		t.Error("another seed drew the same picture")
	}
}

func TestPanelsTileThePictureAndHoldTheirObjects(t *testing.T) {
	counts := map[int]int{}
	for index := range 300 {
		panels := compose(newRand(5, index))
		counts[len(panels)]++
		area := 0
		for i, p := range panels {
			area += p.place.Dx() * p.place.Dy()
			for _, q := range panels[:i] {
				if p.place.Overlaps(q.place) {
					t.Errorf("scene %d: panels %v and %v overlap", index, p.place, q.place)
				}
			}
			r := reach * p.object.radius
			if c := p.object.centre; c.x < float64(p.place.Min.X)+r-1e-9 || c.x > float64(p.place.Max.X)-r+1e-9 ||
				c.y < float64(p.place.Min.Y)+r-1e-9 || c.y > float64(p.place.Max.Y)-r+1e-9 {
				t.Errorf("scene %d: object of radius %.1f at %v leaves %v", index, p.object.radius, c, p.place)
			}
		}
		if area != Side*Side {
			t.Errorf("scene %d: panels cover %d pixels", index, area)
		}
	}
	if counts[1] < 90 || counts[2] < 90 || counts[3] < 20 {
		t.Errorf("panels: %v", counts)
	}
}

func TestOutlinesKeepWithinReach(t *testing.T) {
	for _, s := range shapes {
		for _, polygon := range s.outline() {
			for _, p := range polygon {
				if r := math.Hypot(p.x, p.y); r > reach {
					t.Errorf("%s reaches %.2f radii", s.name, r)
				}
			}
		}
	}
}

func TestPaintedAreaIsTheShapes(t *testing.T) {
	// Areas known from geometry, as shares of the square around the radius.
	for name, area := range map[string]float64{
		"circle": math.Pi / 4, "ring": math.Pi / 4 * (1 - 0.58*0.58), "square": 0.78 * 0.78,
		"hexagon": 3 * math.Sqrt(3) / 8, "triangle": 3 * math.Sqrt(3) / 16, "wedge": 0.42 * 1.9 / 4,
	} {
		o := object{shape: shapeOf(name), centre: point{70, 64}, radius: 50, turn: 0.1}
		var covered float64
		for _, a := range o.coverage(image.Rect(10, 0, 10+Side, Side)).Pix {
			covered += float64(a) / 255
		}
		if got := covered / (100 * 100); math.Abs(got-area) > 0.005 {
			t.Errorf("%s covers %.4f, want %.4f", name, got, area)
		}
	}
}

// An object shows at its centre in its colour, and its cloth around it in grays.
func TestObjectLiesOnItsCloth(t *testing.T) {
	for index := range 50 {
		picture, _ := Draw(3, index)
		for _, p := range compose(newRand(3, index)) {
			if slices.Contains([]string{"ring", "frame", "gable", "crescent"}, p.shape.name) {
				continue
			}
			at := picture.(*image.RGBA).RGBAAt(int(p.object.centre.x), int(p.object.centre.y))
			if want := hsv(p.hue, 1-p.whiting, p.value); at != want {
				t.Errorf("scene %d: %s at %v is %v, want %v", index, p.shape.name, p.object.centre, at, want)
			}
			for _, corner := range []image.Point{p.place.Min, p.place.Max.Sub(image.Pt(1, 1))} {
				c := picture.(*image.RGBA).RGBAAt(corner.X, corner.Y)
				if spread := max(c.R, c.G, c.B) - min(c.R, c.G, c.B); spread > 20 {
					t.Errorf("scene %d: the cloth is %v at %v", index, c, corner)
				}
			}
		}
	}
}

func TestColoursMatchTheirNames(t *testing.T) {
	for hue, want := range map[float64]color.RGBA{
		0: {255, 0, 0, 255}, 60: {255, 255, 0, 255}, 120: {0, 255, 0, 255}, 240: {0, 0, 255, 255}, 300: {255, 0, 255, 255},
	} {
		if got := hsv(hue, 1, 1); got != want {
			t.Errorf("hue %v is %v, want %v", hue, got, want)
		}
	}
}

func BenchmarkDraw(b *testing.B) {
	for i := 0; b.Loop(); i++ {
		Draw(1, i)
	}
}
