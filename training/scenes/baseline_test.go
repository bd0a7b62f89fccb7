package scenes

import (
	"slices"
	"strings"
	"testing"

	"github.com/sdl-batch/sdl-batch/model"
)

func TestNearestSeenTag(t *testing.T) {
	v := &model.Vocabulary{
		Dim: 2, Tags: []string{"a", "b", "c", "d", "e"}, Seen: []bool{true, false, true, false, false},
		Vectors: []float32{
			1, 0,
			3, 4, // cosine 0.6 with a, 0.8 with c
			0, 1,
			5, 4, // cosine 0.78 with a, 0.62 with c; b, which is nearer, is unseen
			-1, -1, // as far from both
		},
	}
	if got, want := NearestSeen(v), []int32{0, 2, 2, 0, 0}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	v.Seen = make([]bool, 5)
	if got := NearestSeen(v); slices.Max(got) != -1 {
		t.Errorf("no tag is seen: got %v", got)
	}
}

func TestNearestSeenOfTheScenes(t *testing.T) {
	v := Vocabulary()
	nearest := NearestSeen(v)
	for tag, want := range map[string]string{
		"amber": "orange yellow", "violet": "indigo mauve", "frame": "hollow", "rectangle": "long",
		"wedge": "long pointed", "grid": "crossed", "vertical": "steep plunging", "circle": "circle",
	} {
		id, _ := v.Lookup(tag)
		if got := v.Tags[nearest[id]]; !slices.Contains(strings.Fields(want), got) {
			t.Errorf("nearest to %s is %s, want %s", tag, got, want)
		}
	}
}
