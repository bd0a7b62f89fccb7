package loop

import "github.com/sdl-batch/sdl-batch/model"

// SeenTags numbers the seen tags of a vocabulary, which alone are trained.
type SeenTags struct {
	Vectors []float32 // [C,D]
	places  []int32   // by tag id; -1: unseen
}

// NewSeenTags numbers the seen tags of v in the order of their ids.
func NewSeenTags(v *model.Vocabulary) *SeenTags {
	s := &SeenTags{places: make([]int32, v.Len())}
	for id, seen := range v.Seen {
		s.places[id] = -1
		if seen {
			s.places[id] = int32(len(s.Vectors) / v.Dim)
			s.Vectors = append(s.Vectors, v.Vector(id)...)
		}
	}
	return s
}

// Of returns the places of those ids that are seen; never nil.
func (s *SeenTags) Of(ids []int32) []int32 {
	out := make([]int32, 0, len(ids))
	for _, id := range ids {
		if place := s.places[id]; place >= 0 {
			out = append(out, place)
		}
	}
	return out
}

// Count tells how many of the ids are seen.
func (s *SeenTags) Count(ids []int32) int {
	n := 0
	for _, id := range ids {
		if s.places[id] >= 0 {
			n++
		}
	}
	return n
}
