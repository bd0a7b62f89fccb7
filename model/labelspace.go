package model

import (
	"fmt"
	"math"
	"strings"
)

const (
	maxAnchors        = 48
	minAnchorCosine   = 0.99
	maxForeignAnchors = 5 // spelled out in one message
)

// LabelSpace tells which embedding space a model was trained for, so that word
// vectors of another origin are noticed: they have the right shape and give
// nonsense.
type LabelSpace struct {
	Name    string   `json:"name"` // may be empty
	Dim     int      `json:"dim"`
	Anchors []Anchor `json:"anchors"`
}

// Anchor is a tag with its vector in a label space.
type Anchor struct {
	Tag    string `json:"tag"`
	Vector vector `json:"vector"`
}

// LabelSpaceOf describes the space of a vocabulary by up to 48 of its tags,
// evenly spread over the ids.
func LabelSpaceOf(v *Vocabulary) *LabelSpace {
	n := min(maxAnchors, v.Len())
	s := &LabelSpace{Name: v.LabelSpace, Dim: v.Dim, Anchors: make([]Anchor, n)}
	for i := range s.Anchors {
		id := i * v.Len() / n
		s.Anchors[i] = Anchor{v.Tags[id], vector(v.Vector(id))}
	}
	return s
}

// Check compares a vocabulary with the space. An ErrMismatch says that the
// dimension differs; its kind ErrForeign, that both name a space and not the same one, or that a
// shared tag has another vector (cosine below 0.99). Where neither a name nor a
// tag is shared nothing can be told, and the warnings say so.
func (s *LabelSpace) Check(v *Vocabulary) (warnings []string, err error) {
	if err := s.checkDim(v); err != nil {
		return nil, err
	}
	if s.Name != "" && v.LabelSpace != "" && s.Name != v.LabelSpace {
		return nil, fmt.Errorf("%w: the vocabulary is of %q, the bundle of %q", ErrForeign, v.LabelSpace, s.Name)
	}
	shared, foreign := s.compareAnchors(v)
	if len(foreign) > 0 {
		return nil, fmt.Errorf("%w: %d of %d shared tags have another vector than the bundle's: %s",
			ErrForeign, len(foreign), shared, abbreviate(foreign, maxForeignAnchors))
	}
	if shared == 0 && (s.Name == "" || s.Name != v.LabelSpace) {
		return []string{"the vocabulary shares no anchor tag with the bundle: its label space cannot be checked"}, nil
	}
	return nil, nil
}

func (s *LabelSpace) checkDim(v *Vocabulary) error {
	if s.Dim != v.Dim {
		return fmt.Errorf("%w: the vocabulary has dimension %d, the bundle's label space %d", ErrMismatch, v.Dim, s.Dim)
	}
	return nil
}

// compareAnchors counts the shared tags and describes those whose vectors
// differ.
func (s *LabelSpace) compareAnchors(v *Vocabulary) (shared int, foreign []string) {
	ids := make(map[string]int, v.Len())
	for id, tag := range v.Tags {
		ids[tag] = id
	}
	for _, a := range s.Anchors {
		id, ok := ids[a.Tag]
		if !ok {
			continue
		}
		shared++
		if c := cosine(a.Vector, v.Vector(id)); !(c >= minAnchorCosine) {
			foreign = append(foreign, fmt.Sprintf("%q (cosine %.2f)", a.Tag, c))
		}
	}
	return shared, foreign
}

func (s *LabelSpace) validate(p *problems, dim int) {
	if s.Dim != dim {
		p.addf("label_space.dim is %d, dim is %d", s.Dim, dim)
	}
	for i, a := range s.Anchors {
		if len(a.Vector) != s.Dim {
			p.addf("label_space.anchors[%d] has %d values, want %d", i, len(a.Vector), s.Dim)
			continue
		}
		if l := norm(a.Vector); !(l > 0) || math.IsInf(l, 0) || a.Tag == "" {
			p.addf("label_space.anchors[%d] needs a tag and a finite vector other than zero", i)
		}
	}
}

// abbreviate joins the first n entries and counts the rest.
func abbreviate(entries []string, n int) string {
	if len(entries) <= n {
		return strings.Join(entries, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(entries[:n], ", "), len(entries)-n)
}
