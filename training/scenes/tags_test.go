package scenes

import (
	"math"
	"slices"
	"testing"
)

func TestTagsAreUniqueUnitVectors(t *testing.T) {
	names := map[string]bool{}
	for _, tag := range Tags() {
		if names[tag.Name] || tag.Name == "" {
			t.Errorf("tag %q twice, or without a name", tag.Name)
		}
		names[tag.Name] = true
		if got := dot(tag.Vector, tag.Vector); math.Abs(got-1) > 1e-6 || len(tag.Vector) != Dim {
			t.Errorf("%s: squared length %v in %d dimensions", tag.Name, got, len(tag.Vector))
		}
	}
}

func TestColoursShapesAndTexturesHaveUnseenTags(t *testing.T) {
	seen, unseen := map[string]int{}, map[string]int{}
	for _, tag := range Tags() {
		if tag.Seen {
			seen[tag.Group]++
		} else {
			unseen[tag.Group]++
		}
	}
	for _, group := range []string{Colours, Shapes, Textures} {
		if seen[group] < 10 || unseen[group] < 2 || unseen[group] > 4 {
			t.Errorf("%s: %d seen and %d unseen, want many and two to four", group, seen[group], unseen[group])
		}
	}
	if unseen[Sizes]+unseen[Hypernyms] > 0 {
		t.Error("a size or hypernym is unseen: it is true of too many scenes for a rank to say much")
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
		{"orange", "red", "blue"}, {"amber", "yellow", "blue"}, {"red", "rose", "green"}, {"yellow", "warm", "cool"},
		{"teal", "cool", "warm"}, {"circle", "round", "pointed"}, {"frame", "hollow", "long"},
		{"frame", "square", "circle"}, {"rectangle", "long", "hollow"}, {"wedge", "triangle", "square"},
		{"hexagon", "square", "star"}, {"star", "pointed", "round"}, {"pale", "pale", "dark"},
		{"falling", "striped", "dotted"}, {"falling", "slanted", "upright"}, {"vertical", "steep", "horizontal"}, {"sinking", "horizontal", "rising"},
		{"grid", "crossed", "spotted"}, {"grid", "upright", "slanted"}, {"harlequin", "checked", "grid"},
		{"harlequin", "slanted", "upright"}, {"small", "small", "large"},
	} {
		v := vectorOf(t, c.tag)
		if near, far := dot(v, vectorOf(t, c.near)), dot(v, vectorOf(t, c.far)); near <= far+0.1 {
			t.Errorf("%s: cosine %.2f with %s, %.2f with %s", c.tag, near, c.near, far, c.far)
		}
	}
}

// A group's block holds nothing of another group: the score of a colour says
// nothing about a shape.
func TestGroupsAreOrthogonal(t *testing.T) {
	for _, a := range Tags() {
		for _, b := range Tags() {
			if c := dot(a.Vector, b.Vector); a.Group != b.Group && a.Group != Hypernyms && b.Group != Hypernyms && c != 0 {
				t.Errorf("%s and %s have cosine %.2f", a.Name, b.Name, c)
			}
		}
	}
}

func TestHypernymsAndKindsNameExistingTags(t *testing.T) {
	for _, h := range hypernyms {
		for _, m := range h.members {
			if c := dot(vectorOf(t, h.name), vectorOf(t, m)); c < 0.3 {
				t.Errorf("%s is a hypernym of %s with cosine %.2f", h.name, m, c)
			}
		}
	}
	for _, s := range shapes {
		if s.kindOf != "" && dot(vectorOf(t, s.name), vectorOf(t, s.kindOf)) < 0.5 {
			t.Errorf("%s is a kind of %s and far from it", s.name, s.kindOf)
		}
	}
}

func TestEveryTagOccursAndUnseenOnesAreRare(t *testing.T) {
	const scenes = 2000
	count := map[string]int{}
	for i := range scenes {
		for _, tag := range tagsOf(compose(newRand(1, i))) {
			count[tag]++
		}
	}
	for _, tag := range Tags() {
		most := 0.2
		if tag.Seen {
			most = 0.7
		}
		if share := float64(count[tag.Name]) / scenes; share < 0.05 || share > most {
			t.Errorf("%s is true of %.1f %% of the scenes", tag.Name, 100*share)
		}
		delete(count, tag.Name)
	}
	if len(count) > 0 {
		t.Errorf("tags outside the vocabulary: %v", count)
	}
}

func TestNamesAreTheNearOnes(t *testing.T) {
	for _, c := range []struct {
		hue  float64
		want []string
	}{{27, []string{"orange", "amber"}}, {351, []string{"red", "rose"}}, {198, []string{"teal", "azure", "cobalt"}}} {
		o := object{hue: c.hue, shape: shapeOf("gable"), light: -1, size: sizes[2]}
		got := o.names()
		want := append([]string{"gable", "triangle", "large", "dark"}, c.want...)
		if slices.Sort(got); !slices.Equal(got, sorted(want)) {
			t.Errorf("hue %v: %v, want %v", c.hue, got, want)
		}
	}
	for runs, want := range map[float64][]string{
		10: {"gentle", "horizontal"}, 175: {"horizontal", "sinking"}, 90: {"plunging", "steep", "vertical"},
	} {
		if got := sorted((cloth{runs: runs}).names()); !slices.Equal(got, want) {
			t.Errorf("stripes at %v degrees: %v, want %v", runs, got, want)
		}
	}
}

func TestTagsIncludeHypernyms(t *testing.T) {
	p := panel{cloth: cloth{texture: "harlequin", runs: math.NaN()}, object: object{hue: 36, shape: shapeOf("frame"), size: sizes[1]}}
	got := map[string]bool{}
	p.tags(got)
	for _, want := range []string{"amber", "orange", "yellow", "warm", "frame", "square", "hollow", "harlequin", "spotted", "slanted"} {
		if !got[want] {
			t.Errorf("no %s", want)
		}
		delete(got, want)
	}
	if len(got) > 0 {
		t.Errorf("and %v", got)
	}
}

func sorted(names []string) []string {
	slices.Sort(names)
	return names
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
