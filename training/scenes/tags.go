package scenes

import (
	"math"
	"slices"
)

// Groups of tags.
const (
	Colours   = "colours"
	Shapes    = "shapes"
	Textures  = "textures"
	Sizes     = "sizes"
	Hypernyms = "hypernyms"
)

// Dim is the dimension of the tags' vectors.
const Dim = 16

// Where each block of a vector begins.
const (
	hueAt     = 0
	lightAt   = 4
	shapeAt   = 5
	textureAt = 10
	sizeAt    = 14
)

// Tag is one word of the scenes' vocabulary.
type Tag struct {
	Name   string
	Group  string
	Seen   bool
	Vector []float32 // [Dim], unit length
}

// colour names a hue, in degrees on the circle of red, green and blue.
type colour struct {
	name string
	hue  float64
	seen bool
}

var colours = []colour{
	{"red", 0, true}, {"orange", 28, true}, {"amber", 44, false}, {"yellow", 58, true},
	{"lime", 85, false}, {"green", 125, true}, {"teal", 168, false}, {"cyan", 188, true},
	{"azure", 212, true}, {"blue", 236, true}, {"violet", 270, false}, {"magenta", 302, true},
	{"rose", 335, true},
}

// shape names an outline and says how round, square, spiky, long and hollow
// it is.
type shape struct {
	name    string
	form    [5]float64
	outline outline
	seen    bool
}

var shapes = []shape{
	{"circle", [5]float64{1, 0, -0.3, -0.4, -0.4}, circle, true},
	{"ellipse", [5]float64{0.8, 0, -0.1, 0.8, -0.3}, ellipse, true},
	{"ring", [5]float64{0.7, 0, -0.2, -0.3, 0.9}, ring, true},
	{"square", [5]float64{-0.2, 1, 0, -0.4, -0.4}, square, true},
	{"rectangle", [5]float64{-0.2, 0.8, 0, 0.8, -0.3}, rectangle, false},
	{"frame", [5]float64{-0.2, 0.7, 0, -0.3, 0.9}, frame, false},
	{"diamond", [5]float64{-0.4, 0.7, 0.6, 0.1, -0.4}, diamond, true},
	{"hexagon", [5]float64{0.6, 0.7, 0, -0.3, -0.3}, hexagon, false},
	{"triangle", [5]float64{-0.6, 0.1, 0.8, 0, -0.3}, triangle, true},
	{"star", [5]float64{-0.2, -0.4, 1, -0.3, 0.1}, star, true},
	{"cross", [5]float64{-0.5, 0.5, 0.3, 0.1, 0.5}, cross, true},
	{"crescent", [5]float64{0.6, -0.5, 0.5, 0.5, 0.3}, crescent, true},
	{"heart", [5]float64{0.7, -0.4, 0.5, -0.3, -0.3}, heart, true},
}

// texture names a pattern; stripes have a direction, degrees against the
// horizontal, anticlockwise.
type texture struct {
	name  string
	print [4]float64
	paint pattern
	seen  bool
}

var textures = []texture{
	{"plain", [4]float64{0, 0, -0.7, -0.7}, plain, true},
	{"horizontal", stripePrint(0), stripes(0), true},
	{"rising", stripePrint(45), stripes(45), true},
	{"vertical", stripePrint(90), stripes(90), true},
	{"falling", stripePrint(135), stripes(135), false},
	{"dotted", [4]float64{0, 0, 0, 1}, dots, true},
	{"checked", [4]float64{0, 0, 0.7, 0.7}, checks, false},
}

func stripePrint(degrees float64) [4]float64 {
	sin, cos := math.Sincos(2 * radians(degrees))
	return [4]float64{0.8 * cos, 0.8 * sin, 0.6, -0.2}
}

// size names a range of radii, as shares of the picture's side.
type size struct {
	name     string
	angle    float64 // degrees, from large over medium to small
	min, max float64
	seen     bool
}

var sizes = []size{
	{"small", 150, 0.085, 0.11, true},
	{"medium", 90, 0.14, 0.175, false},
	{"large", 30, 0.22, 0.28, true},
}

// hypernym names what its members share.
type hypernym struct {
	name    string
	members []string
	seen    bool
}

var hypernyms = []hypernym{
	{"warm", []string{"red", "orange", "amber", "yellow", "rose"}, true},
	{"cool", []string{"teal", "cyan", "azure", "blue", "violet"}, true},
	{"round", []string{"circle", "ellipse", "ring", "crescent", "heart"}, true},
	{"angular", []string{"square", "rectangle", "frame", "diamond", "hexagon", "triangle", "cross"}, true},
	{"pointed", []string{"diamond", "triangle", "star", "crescent", "heart"}, false},
	{"hollow", []string{"ring", "frame"}, true},
	{"long", []string{"ellipse", "rectangle"}, false},
	{"striped", []string{"horizontal", "rising", "vertical", "falling"}, true},
}

// tones are hypernyms of lightness; an object may have neither.
var tones = []struct {
	name  string
	light float64
}{{"pale", 1}, {"dark", -1}}

// Tags returns the vocabulary in its order; the caller may keep it.
func Tags() []Tag {
	var tags []Tag
	for _, c := range colours {
		tags = append(tags, Tag{c.name, Colours, c.seen, unit(hueAt, hueVector(c.hue))})
	}
	for _, s := range shapes {
		tags = append(tags, Tag{s.name, Shapes, s.seen, unit(shapeAt, s.form[:])})
	}
	for _, t := range textures {
		tags = append(tags, Tag{t.name, Textures, t.seen, unit(textureAt, t.print[:])})
	}
	for _, s := range sizes {
		sin, cos := math.Sincos(radians(s.angle))
		tags = append(tags, Tag{s.name, Sizes, s.seen, unit(sizeAt, []float64{cos, sin})})
	}
	for _, t := range tones {
		tags = append(tags, Tag{t.name, Hypernyms, true, unit(lightAt, []float64{t.light})})
	}
	for _, h := range hypernyms {
		tags = append(tags, Tag{h.name, Hypernyms, h.seen, shared(tags, h.members)})
	}
	return tags
}

// hueVector places a hue on the circle's first two harmonics: the second tells
// neighbours apart better.
func hueVector(degrees float64) []float64 {
	sin, cos := math.Sincos(radians(degrees))
	sin2, cos2 := math.Sincos(2 * radians(degrees))
	return []float64{cos, sin, 0.8 * cos2, 0.8 * sin2}
}

// shared is the direction of the members' mean.
func shared(tags []Tag, members []string) []float32 {
	sum := make([]float64, Dim)
	for _, t := range tags {
		if !slices.Contains(members, t.Name) {
			continue
		}
		for d, x := range t.Vector {
			sum[d] += float64(x)
		}
	}
	return unit(0, sum)
}

// unit returns a vector of length one with values from dimension at on.
func unit(at int, values []float64) []float32 {
	var sum float64
	for _, x := range values {
		sum += x * x
	}
	v := make([]float32, Dim)
	for d, x := range values {
		v[at+d] = float32(x / math.Sqrt(sum))
	}
	return v
}

func radians(degrees float64) float64 { return degrees * math.Pi / 180 }
