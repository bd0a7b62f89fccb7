package model

import (
	"errors"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sdl-batch/sdl-batch/model/golden"
	"pgregory.net/rapid"
)

func pets() *Vocabulary {
	return &Vocabulary{
		Tags:       []string{"dog", "puppy", "car", "truck"},
		Seen:       []bool{true, false, true, false},
		Dim:        3,
		Vectors:    []float32{1, 0, 0, 0.8, 0.6, 0, 0, 0, 2, 0, 1, 1},
		LabelSpace: "pets",
	}
}

func TestVocabularyLookupAndGroups(t *testing.T) {
	v := pets()
	if id, ok := v.Lookup("car"); id != 2 || !ok {
		t.Errorf("car is %d, %v", id, ok)
	}
	if _, ok := v.Lookup("cat"); ok {
		t.Error("found a tag that is not there")
	}
	if diff := cmp.Diff([][]int32{{0, 2}, {1, 3}}, [][]int32{v.SeenIDs(), v.UnseenIDs()}); diff != "" {
		t.Error(diff)
	}
}

func TestVocabularyStats(t *testing.T) {
	got := pets().Stats()
	want := VocabularyStats{Tags: 4, Seen: 2, Unseen: 2, Dim: 3, NormMin: 1, NormMean: (1 + 1 + 2 + math.Sqrt2) / 4, NormMax: 2}
	near := cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) < 1e-7 })
	if diff := cmp.Diff(want, got, near); diff != "" {
		t.Error(diff)
	}
}

func TestNearestRanksByCosineNotLength(t *testing.T) {
	got, err := pets().Nearest([]float32{1, 1, 0.1}, 3)
	if err != nil {
		t.Fatal(err)
	}
	var tags []string
	for _, n := range got {
		tags = append(tags, n.Tag)
	}
	if diff := cmp.Diff([]string{"puppy", "dog", "truck"}, tags); diff != "" {
		t.Error(diff)
	}
	if own, err := pets().NearestTo("dog", 9); err != nil || len(own) != 3 || own[0].Tag != "puppy" || math.Abs(own[0].Cosine-0.8) > 1e-6 {
		t.Errorf("nearest to dog: %v, %v", own, err)
	}
}

func TestNearestRefusesWhatHasNoDirection(t *testing.T) {
	for _, x := range [][]float32{{1, 2}, {0, 0, 0}, {float32(math.NaN()), 1, 1}} {
		if got, err := pets().Nearest(x, 1); err == nil {
			t.Errorf("%v has neighbours %v", x, got)
		}
	}
	if _, err := pets().NearestTo("cat", 1); !errors.Is(err, ErrInvalid) {
		t.Errorf("an unknown tag gives %v", err)
	}
}

func TestVocabularyValidateNamesEveryProblem(t *testing.T) {
	v := pets()
	v.Tags = []string{"dog", " ", "dog", "truck\xff"}
	copy(v.Vectors, []float32{0, 0, 0, float32(math.Inf(1)), 0, 0})
	err := v.Validate()
	if !errors.Is(err, ErrInvalid) {
		t.Fatalf("got %v", err)
	}
	for _, want := range []string{
		`duplicate tag "dog" has ids 0 and 2`, "the tag with id 1 is empty", "the tag with id 3 is not UTF-8",
		`the vector of tag "dog" (id 0) is zero`, "(id 1) is not finite",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not said in: %v", want, err)
		}
	}
}

func TestVocabularyValidateShapes(t *testing.T) {
	for name, breakIt := range map[string]func(*Vocabulary){
		"tags":    func(v *Vocabulary) { v.Tags = nil },
		"seen":    func(v *Vocabulary) { v.Seen = v.Seen[1:] },
		"dim":     func(v *Vocabulary) { v.Dim = 0 },
		"values":  func(v *Vocabulary) { v.Vectors = v.Vectors[1:] },
		"too big": func(v *Vocabulary) { v.Dim = maxDim + 1 },
	} {
		v := pets()
		breakIt(v)
		if err := v.Validate(); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if err := pets().Validate(); err != nil {
		t.Errorf("a sound vocabulary: %v", err)
	}
}

func TestManyProblemsAreCounted(t *testing.T) {
	v := &Vocabulary{Dim: 1}
	for range 100 {
		v.Tags, v.Seen, v.Vectors = append(v.Tags, "same"), append(v.Seen, true), append(v.Vectors, 1)
	}
	if err := v.Validate(); err == nil || !strings.HasSuffix(err.Error(), "and 87 more") {
		t.Errorf("got %v", err)
	}
}

func TestVocabularyIDFollowsContent(t *testing.T) {
	base := pets().ID()
	if again := pets().ID(); again != base || !strings.HasPrefix(base, "sha256:") || len(base) != 71 {
		t.Errorf("ids %s and %s", base, again)
	}
	renamed := pets()
	renamed.LabelSpace = "other"
	if renamed.ID() != base {
		t.Error("the name of the label space changed the id")
	}
	rapid.Check(t, func(t *rapid.T) {
		v := pets()
		i := rapid.IntRange(0, 3).Draw(t, "tag")
		switch rapid.IntRange(0, 3).Draw(t, "change") {
		case 0:
			v.Tags[i] += rapid.StringN(1, 4, -1).Draw(t, "suffix")
		case 1:
			v.Seen[i] = !v.Seen[i]
		case 2:
			v.Vectors[3*i] += 1
		case 3:
			v.Tags[0], v.Tags[1] = v.Tags[0]+v.Tags[1][:1], v.Tags[1][1:]
		}
		if v.ID() == base {
			t.Fatalf("the id stayed for %+v", v)
		}
	})
}

func TestImportNUSWide(t *testing.T) {
	v := nusWide(t)
	s := v.Stats()
	if s.Tags != 1006 || s.Seen != 925 || s.Unseen != 81 || s.Dim != 300 {
		t.Errorf("got %+v", s)
	}
	if s.NormMin < 0.9999 || s.NormMax > 1.0001 {
		t.Errorf("norms %v to %v", s.NormMin, s.NormMax)
	}
	// Neighbours and cosines as NumPy computes them.
	for tag, want := range map[string]Neighbour{
		"dog": {Tag: "dogs", Cosine: 0.810}, "sunset": {Tag: "sunrise", Cosine: 0.715}, "car": {Tag: "cars", Cosine: 0.834}, "red": {Tag: "blue", Cosine: 0.661},
	} {
		got, err := v.NearestTo(tag, 1)
		if err != nil || got[0].Tag != want.Tag || math.Abs(got[0].Cosine-want.Cosine) > 6e-4 {
			t.Errorf("%s: got %v, %v, want %s %.3f", tag, got, err, want.Tag, want.Cosine)
		}
	}
	for tag, seen := range map[string]bool{"abandoned": true, "dog": false, "airport": false} {
		if id, ok := v.Lookup(tag); !ok || v.Seen[id] != seen {
			t.Errorf("%s: found %v, seen %v", tag, ok, v.Seen[id])
		}
	}
}

func nusWide(t testing.TB) *Vocabulary {
	t.Helper()
	dir := golden.NUSWide(t)
	v, leftOut, err := ImportVocabulary(t.Context(), PickleURIs{
		Classes: filepath.Join(dir, "classes.pickle"),
		Unseen:  filepath.Join(dir, "unseen_classes.pickle"),
		Vectors: filepath.Join(dir, "wordvec_array.pickle"),
	}, "")
	if err != nil || len(leftOut) > 0 {
		t.Fatal(leftOut, err)
	}
	return v
}

// Pickles of protocol 0, which are plain text: {0: 'sun', 1: 'moon'}, ['moon']
// and a float32 array [3,2] in C order holding 1 to 6.
const (
	classesPickle = "(dI0\nVsun\nsI1\nVmoon\ns."
	unseenPickle  = "(lVmoon\na."
	vectorsPickle = "cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntVb\ntR" +
		"(I1\n(I3\nI2\ntcnumpy\ndtype\n(Vf4\nI0\nI1\ntR(I3\nV<\nNNNI-1\nI-1\nI0\ntbI00\n" + vectorsBytes + "tb."
	vectorsBytes = "B\x18\x00\x00\x00\x00\x00\x80?\x00\x00\x00@\x00\x00@@\x00\x00\x80@\x00\x00\xa0@\x00\x00\xc0@"
)

func importText(classes, unseen, vectors string) (*Vocabulary, error) {
	v, _, err := ImportPickles(strings.NewReader(classes), strings.NewReader(unseen), strings.NewReader(vectors), "sky")
	return v, err
}

func TestImportTurnsColumnsIntoRows(t *testing.T) {
	for order, vectors := range map[string]string{
		"C":       vectorsPickle,
		"Fortran": strings.Replace(vectorsPickle, "I00\n", "I01\n", 1),
	} {
		want := &Vocabulary{Tags: []string{"sun", "moon"}, Seen: []bool{true, false}, Dim: 3, LabelSpace: "sky"}
		want.Vectors = map[string][]float32{"C": {1, 3, 5, 2, 4, 6}, "Fortran": {1, 2, 3, 4, 5, 6}}[order]
		got, err := importText(classesPickle, unseenPickle, vectors)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s order: %v %s", order, err, diff)
		}
	}
}

func TestImportRefusesWhatDoesNotFit(t *testing.T) {
	for name, c := range map[string]struct{ classes, unseen, vectors, want string }{
		"gap":          {"(dI0\nVsun\nsI2\nVmoon\ns.", unseenPickle, vectorsPickle, "none has id 1"},
		"more classes": {"(dI0\nVsun\nsI1\nVmoon\nsI2\nVmars\ns.", unseenPickle, vectorsPickle, "shape [3 2] for 3 classes"},
		"unknown":      {classesPickle, "(lVmars\naVmoon\naVpluto\na.", vectorsPickle, `"mars", "pluto"`},
		"duplicate":    {"(dI0\nVsun\nsI1\nVsun\ns.", "(l.", vectorsPickle, `duplicate tag "sun" has ids 0 and 1`},
		"no dict":      {unseenPickle, unseenPickle, vectorsPickle, "invalid classes"},
		"no list":      {classesPickle, classesPickle, vectorsPickle, "invalid unseen classes"},
		"no array":     {classesPickle, unseenPickle, unseenPickle, "invalid vectors"},
		"cut short":    {classesPickle, unseenPickle, vectorsPickle[:len(vectorsPickle)/2], "invalid vectors"},
	} {
		_, err := importText(c.classes, c.unseen, c.vectors)
		if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
