package scenes

import "github.com/sdl-batch/sdl-batch/model"

// NearestSeen names, for every tag of a vocabulary, the one whose score a
// ranking without zero-shot learning would give it: a seen tag's own, and for an
// unseen one the seen tag whose vector has the largest cosine with its own (the
// lower id among equals). It is -1 where no tag is seen.
func NearestSeen(v *model.Vocabulary) []int32 {
	nearest := make([]int32, v.Len())
	for id, tag := range v.Tags {
		nearest[id] = int32(id)
		if !v.Seen[id] {
			nearest[id] = nearestSeen(v, tag)
		}
	}
	return nearest
}

func nearestSeen(v *model.Vocabulary, tag string) int32 {
	others, err := v.NearestTo(tag, v.Len())
	if err != nil {
		return -1
	}
	for _, other := range others {
		if other.Seen {
			return int32(other.ID)
		}
	}
	return -1
}
