package scenes

import (
	"image"
	"image/color"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTagsAreUniqueUnitVectorsWithUnseenInEveryGroup(t *testing.T) {
	names, seen, unseen := map[string]bool{}, map[string]int{}, map[string]int{}
	for _, tag := range Tags() {
		if names[tag.Name] {
			t.Errorf("tag %q twice", tag.Name)
		}
		names[tag.Name] = true
		if got := dot(tag.Vector, tag.Vector); math.Abs(got-1) > 1e-6 || len(tag.Vector) != Dim {
			t.Errorf("%s: squared length %v in %d dimensions", tag.Name, got, len(tag.Vector))
		}
		if tag.Seen {
			seen[tag.Group]++
		} else {
			unseen[tag.Group]++
		}
	}
	for _, group := range []string{Colours, Shapes, Textures, Sizes, Hypernyms} {
		if seen[group] == 0 || unseen[group] == 0 {
			t.Errorf("%s: %d seen and %d unseen, want some of both", group, seen[group], unseen[group])
		}
	}
}

func TestNoTwoTagsShareAVector(t *testing.T) {
	tags := Tags()
	for i, a := range tags {
		for _, b := range tags[:i] {
			if c := dot(a.Vector, b.Vector); c > 0.98 {
				t.Errorf("%s and %s have cosine %.3f: no score tells them apart", a.Name, b.Name, c)
			}
		}
	}
}

func TestGeometryCarriesMeaning(t *testing.T) {
	for _, c := range []struct{ tag, near, far string }{
		{"orange", "amber", "blue"}, {"red", "rose", "green"}, {"amber", "warm", "cool"},
		{"teal", "cool", "warm"}, {"circle", "round", "angular"}, {"frame", "hollow", "round"},
		{"hexagon", "square", "star"}, {"rectangle", "long", "pointed"}, {"falling", "striped", "dotted"},
		{"checked", "dotted", "plain"}, {"medium", "small", "plain"}, {"star", "pointed", "angular"},
		{"small", "medium", "large"}, {"vertical", "rising", "horizontal"},
	} {
		v := vectorOf(t, c.tag)
		if near, far := dot(v, vectorOf(t, c.near)), dot(v, vectorOf(t, c.far)); near <= far+0.1 {
			t.Errorf("%s: cosine %.2f with %s, %.2f with %s", c.tag, near, c.near, far, c.far)
		}
	}
}

func TestHypernymsNameExistingTags(t *testing.T) {
	for _, h := range hypernyms {
		for _, m := range h.members {
			vectorOf(t, m)
		}
	}
}

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

func TestEveryTagOccursAndNoneAlways(t *testing.T) {
	const scenes = 300
	count := map[string]int{}
	for i := range scenes {
		_, tags := Draw(1, i)
		for _, tag := range tags {
			count[tag]++
		}
	}
	for _, tag := range Tags() {
		if share := float64(count[tag.Name]) / scenes; share < 0.05 || share > 0.85 {
			t.Errorf("%s is true of %.0f %% of the scenes", tag.Name, 100*share)
		}
		delete(count, tag.Name)
	}
	if len(count) > 0 {
		t.Errorf("tags outside the vocabulary: %v", count)
	}
}

func TestObjectsKeepApartAndInside(t *testing.T) {
	for index := range 300 {
		objects := compose(newRand(5, index))
		if len(objects) == 0 {
			t.Fatalf("scene %d is empty", index)
		}
		for i, o := range objects {
			if min(o.centre.x, o.centre.y) < o.radius || max(o.centre.x, o.centre.y) > Side-o.radius {
				t.Errorf("scene %d: object %d leaves the picture", index, i)
			}
			for _, p := range objects[:i] {
				if math.Hypot(o.centre.x-p.centre.x, o.centre.y-p.centre.y) < o.radius+p.radius {
					t.Errorf("scene %d: objects overlap", index)
				}
			}
		}
	}
}

func TestOutlinesFitTheUnitCircle(t *testing.T) {
	for _, s := range shapes {
		for _, polygon := range s.outline() {
			for _, p := range polygon {
				if r := math.Hypot(p.x, p.y); r > 1.12 {
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
		"hexagon": 3 * math.Sqrt(3) / 8, "triangle": 3 * math.Sqrt(3) / 16,
	} {
		o := object{shape: shapeOf(name), centre: point{Side / 2, Side / 2}, radius: 50, turn: 0.1}
		var covered float64
		for _, a := range coverage(o).Pix {
			covered += float64(a) / 255
		}
		if got := covered / (100 * 100); math.Abs(got-area) > 0.005 {
			t.Errorf("%s covers %.4f, want %.4f", name, got, area)
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

func TestStripesRunTheirWay(t *testing.T) {
	along := map[string]point{"horizontal": {1, 0}, "rising": {1, -1}, "vertical": {0, 1}, "falling": {1, 1}}
	for _, tex := range textures {
		step, striped := along[tex.name]
		if !striped {
			continue
		}
		start := point{3, 1}
		for i := range 20 {
			at := point{start.x + float64(i)*step.x, start.y + float64(i)*step.y}
			if got, want := tex.paint(at, 8, 0), tex.paint(start, 8, 0); math.Abs(got-want) > 1e-9 {
				t.Errorf("%s changes along its stripes: %v, then %v", tex.name, want, got)
			}
		}
	}
}

func vectorOf(t *testing.T, name string) []float32 {
	t.Helper()
	for _, tag := range Tags() {
		if tag.Name == name {
			return tag.Vector
		}
	}
	t.Fatalf("no tag %q", name)
	return nil
}

func shapeOf(name string) shape {
	return shapes[slices.IndexFunc(shapes, func(s shape) bool { return s.name == name })]
}

func dot(a, b []float32) float64 {
	var sum float64
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}
