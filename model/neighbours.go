package model

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Neighbour is a tag with its closeness to another vector.
type Neighbour struct {
	ID     int     `json:"tag_id"`
	Tag    string  `json:"tag"`
	Seen   bool    `json:"seen"`
	Cosine float64 `json:"cosine"`
}

// Nearest returns the n tags whose vectors have the greatest cosine with x,
// greatest first; ties break on the id. It fails where x has another dimension
// than the vocabulary, or no direction.
func (v *Vocabulary) Nearest(x []float32, n int) ([]Neighbour, error) {
	if len(x) != v.Dim {
		return nil, fmt.Errorf("%w: the vector has dimension %d, the vocabulary %d", ErrMismatch, len(x), v.Dim)
	}
	if l := norm(x); l == 0 || math.IsNaN(l) || math.IsInf(l, 0) {
		return nil, fmt.Errorf("%w vector: its length is %v", ErrInvalid, l)
	}
	return v.nearest(x, n, -1), nil
}

// NearestTo returns the n tags closest to a tag, itself left out.
func (v *Vocabulary) NearestTo(tag string, n int) ([]Neighbour, error) {
	id, ok := v.Lookup(tag)
	if !ok {
		return nil, fmt.Errorf("%w tag %q: not in the vocabulary of %d tags", ErrInvalid, tag, v.Len())
	}
	return v.nearest(v.Vector(id), n, id), nil
}

func (v *Vocabulary) nearest(x []float32, n, except int) []Neighbour {
	all := make([]Neighbour, 0, v.Len())
	for id, tag := range v.Tags {
		if id != except {
			all = append(all, Neighbour{id, tag, v.Seen[id], cosine(x, v.Vector(id))})
		}
	}
	slices.SortStableFunc(all, func(a, b Neighbour) int { return cmp.Compare(b.Cosine, a.Cosine) })
	return all[:max(0, min(n, len(all)))]
}

// VocabularyStats sums a vocabulary up. Norms are Euclidean lengths.
type VocabularyStats struct {
	Tags     int     `json:"tags"`
	Seen     int     `json:"seen"`
	Unseen   int     `json:"unseen"`
	Dim      int     `json:"dim"`
	NormMin  float64 `json:"norm_min"`
	NormMean float64 `json:"norm_mean"`
	NormMax  float64 `json:"norm_max"`
}

// Stats counts the tags and measures their vectors.
func (v *Vocabulary) Stats() VocabularyStats {
	s := VocabularyStats{Tags: v.Len(), Dim: v.Dim}
	for id, seen := range v.Seen {
		if seen {
			s.Seen++
		}
		l := norm(v.Vector(id))
		if id == 0 {
			s.NormMin = l
		}
		s.NormMin, s.NormMax = min(s.NormMin, l), max(s.NormMax, l)
		s.NormMean += l / float64(v.Len())
	}
	s.Unseen = s.Tags - s.Seen
	return s
}
