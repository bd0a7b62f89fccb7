package model

import (
	"math"
	"strings"
	"unicode/utf8"
)

// Bounds on what a bundle or vocabulary may claim, far above real ones.
const (
	maxDim  = 1 << 14
	maxTags = 1 << 24
)

// Validate reports every problem at once as ErrInvalid: duplicate tags with
// both ids, empty tags, vectors that are zero or not finite, lengths that
// disagree.
func (v *Vocabulary) Validate() error {
	var p problems
	if v.validateShape(&p); p.total == 0 {
		v.validateTags(&p)
		v.validateVectors(&p)
	}
	return p.err("vocabulary")
}

func (v *Vocabulary) validateShape(p *problems) {
	c := len(v.Tags)
	if c == 0 || c > maxTags {
		p.addf("%d tags, want 1 to %d", c, maxTags)
	}
	if len(v.Seen) != c {
		p.addf("%d seen marks for %d tags", len(v.Seen), c)
	}
	if v.Dim < 1 || v.Dim > maxDim {
		p.addf("dimension %d, want 1 to %d", v.Dim, maxDim)
	} else if len(v.Vectors) != c*v.Dim {
		p.addf("%d vector values for %d tags of dimension %d, want %d", len(v.Vectors), c, v.Dim, c*v.Dim)
	}
}

func (v *Vocabulary) validateTags(p *problems) {
	first := make(map[string]int, len(v.Tags))
	for id, tag := range v.Tags {
		switch prior, dup := first[tag]; {
		case strings.TrimSpace(tag) == "":
			p.addf("the tag with id %d is empty", id)
		case !utf8.ValidString(tag):
			p.addf("the tag with id %d is not UTF-8: %q", id, tag)
		case dup:
			p.addf("duplicate tag %q has ids %d and %d", tag, prior, id)
		default:
			first[tag] = id
		}
	}
}

func (v *Vocabulary) validateVectors(p *problems) {
	for id, tag := range v.Tags {
		switch n := norm(v.Vector(id)); {
		case math.IsNaN(n) || math.IsInf(n, 0):
			p.addf("the vector of tag %q (id %d) is not finite", tag, id)
		case n == 0:
			p.addf("the vector of tag %q (id %d) is zero", tag, id)
		}
	}
}

// norm returns ‖x‖, accumulated in float64.
func norm(x []float32) float64 { return math.Sqrt(dot(x, x)) }

func dot(a, b []float32) float64 {
	var sum float64
	for i, x := range a {
		sum += float64(x) * float64(b[i])
	}
	return sum
}

// cosine returns the cosine of two vectors of one length, neither of them zero.
func cosine(a, b []float32) float64 { return dot(a, b) / (norm(a) * norm(b)) }
