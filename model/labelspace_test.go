package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// wheel is a vocabulary of n tags whose vectors lie on a circle.
func wheel(n int) *Vocabulary {
	v := &Vocabulary{Dim: 2, LabelSpace: "wheel"}
	for i := range n {
		sin, cos := math.Sincos(float64(i))
		v.Tags, v.Seen = append(v.Tags, fmt.Sprintf("tag%03d", i)), append(v.Seen, i%2 == 0)
		v.Vectors = append(v.Vectors, float32(cos), float32(sin))
	}
	return v
}

func TestLabelSpaceSpreadsItsAnchors(t *testing.T) {
	s := LabelSpaceOf(wheel(480))
	if len(s.Anchors) != 48 || s.Anchors[0].Tag != "tag000" || s.Anchors[1].Tag != "tag010" || s.Anchors[47].Tag != "tag470" {
		t.Errorf("%d anchors: %v", len(s.Anchors), s.Anchors)
	}
	if small := LabelSpaceOf(wheel(5)); len(small.Anchors) != 5 {
		t.Errorf("5 tags give %d anchors", len(small.Anchors))
	}
}

func TestLabelSpaceCheck(t *testing.T) {
	for name, c := range map[string]struct {
		change        func(*Vocabulary)
		refused, warn string
	}{
		"same":                 {change: func(*Vocabulary) {}},
		"other lengths":        {change: func(v *Vocabulary) { v.Vectors[0] *= 5 }},
		"other unnamed":        {change: func(v *Vocabulary) { v.LabelSpace = "" }},
		"dimension":            {func(v *Vocabulary) { v.Dim = 1 }, "dimension 1, the bundle's label space 2", ""},
		"name":                 {func(v *Vocabulary) { v.LabelSpace = "glove" }, `"glove", the bundle of "wheel"`, ""},
		"one vector turned":    {func(v *Vocabulary) { v.Vectors[1] = 0.2 }, `1 of 48 shared tags have another vector than the bundle's: "tag000" (cosine 0.98)`, ""},
		"all vectors swapped":  {func(v *Vocabulary) { slices.Reverse(v.Vectors) }, "and ", ""},
		"nothing in common":    {func(v *Vocabulary) { rename(v, "") }, "", "shares no anchor tag"},
		"only the name shared": {change: func(v *Vocabulary) { rename(v, "wheel") }},
	} {
		v := wheel(100)
		space := LabelSpaceOf(wheel(100))
		c.change(v)
		warnings, err := space.Check(v)
		if c.refused == "" && err != nil || c.refused != "" && (!errors.Is(err, ErrMismatch) || !strings.Contains(err.Error(), c.refused)) {
			t.Errorf("%s: got error %v, want %q", name, err, c.refused)
		}
		if joined := strings.Join(warnings, "; "); (c.warn == "") != (joined == "") || !strings.Contains(joined, c.warn) {
			t.Errorf("%s: got warnings %q, want %q", name, warnings, c.warn)
		}
	}
}

func rename(v *Vocabulary, space string) {
	v.LabelSpace = space
	for i := range v.Tags {
		v.Tags[i] = "other " + v.Tags[i]
	}
}

func TestBundleCheckVocabulary(t *testing.T) {
	b := tinyBundle(t, wheel(60))
	foreign := wheel(60)
	slices.Reverse(foreign.Vectors)
	if warnings, err := b.CheckVocabulary(wheel(60), false); err != nil || len(warnings) > 0 {
		t.Errorf("its own vocabulary: %v, %v", warnings, err)
	}
	if _, err := b.CheckVocabulary(foreign, false); !errors.Is(err, ErrMismatch) {
		t.Errorf("a foreign one: %v", err)
	}
	if warnings, err := b.CheckVocabulary(foreign, true); err != nil || len(warnings) != 1 || !strings.Contains(warnings[0], "foreign label space") {
		t.Errorf("a foreign one by force: %v, %v", warnings, err)
	}
	if _, err := b.CheckVocabulary(pets(), true); !errors.Is(err, ErrMismatch) {
		t.Errorf("another dimension by force: %v", err)
	}
	b.Description.LabelSpace = nil
	if warnings, err := b.CheckVocabulary(foreign, false); err != nil || len(warnings) != 1 || !strings.Contains(warnings[0], "no label space") {
		t.Errorf("without a label space: %v, %v", warnings, err)
	}
}

func TestVectorsSurviveJSONBitForBit(t *testing.T) {
	want := vector{1, -0.1, math.SmallestNonzeroFloat32, math.MaxFloat32, float32(math.Copysign(0, -1))}
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got vector
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	bits := cmp.Comparer(func(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) })
	if diff := cmp.Diff(want, got, bits); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []string{`"AAA="`, `"!"`, `[1,2]`, `"AAAAAB=="`} {
		if err := json.Unmarshal([]byte(bad), &got); err == nil {
			t.Errorf("%s was read as a vector", bad)
		}
	}
}

func TestNUSWideLabelSpaceKnowsItsOwn(t *testing.T) {
	v := nusWide(t)
	space := LabelSpaceOf(v)
	if warnings, err := space.Check(v); err != nil || len(warnings) > 0 {
		t.Errorf("itself: %v, %v", warnings, err)
	}
	// The vectors shifted by one tag: the right shape, and nonsense.
	shifted := *v
	shifted.Vectors = append(slices.Clone(v.Vectors[v.Dim:]), v.Vectors[:v.Dim]...)
	if _, err := space.Check(&shifted); !errors.Is(err, ErrMismatch) {
		t.Errorf("shifted: %v", err)
	}
}
