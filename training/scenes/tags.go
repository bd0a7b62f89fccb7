package scenes

import "math"

// Groups of tags.
const (
	Colours   = "colours"
	Shapes    = "shapes"
	Textures  = "textures"
	Sizes     = "sizes"
	Hypernyms = "hypernyms"
)

// Dim is the dimension of the tags' vectors.
const Dim = 18

// Where each block of a vector begins.
const (
	hueAt     = 0
	lightAt   = 6
	shapeAt   = 7
	textureAt = 12
	sizeAt    = 17
)

// Tag is one word of the scenes' vocabulary.
type Tag struct {
	Name   string
	Group  string
	Seen   bool
	Vector []float32 // [Dim], unit length
}

// Tags returns the vocabulary in its order; the caller may keep it.
func Tags() []Tag {
	var tags []Tag
	add := func(name, group string, seen bool, at int, values []float64) {
		tags = append(tags, Tag{name, group, seen, unit(at, values)})
	}
	for _, c := range colours {
		add(c.name, Colours, c.seen, hueAt, hueVector(c.hue))
	}
	for _, s := range shapes {
		add(s.name, Shapes, s.seen, shapeAt, s.form[:])
	}
	for _, t := range textures {
		add(t.name, Textures, t.seen, textureAt, t.print[:])
	}
	for _, d := range directions {
		add(d.name, Textures, d.seen, textureAt, values(d.print()))
	}
	for _, s := range sizes {
		if s.name != "" {
			add(s.name, Sizes, true, sizeAt, []float64{s.side})
		}
	}
	for _, t := range tones {
		add(t.name, Hypernyms, true, lightAt, []float64{t.light})
	}
	for _, h := range hypernyms {
		add(h.name, Hypernyms, true, h.at, h.values)
	}
	return tags
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
