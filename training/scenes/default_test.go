package scenes

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sdl-batch/sdl-batch/model"
)

func TestDefaultFitsTogether(t *testing.T) {
	b, v, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Validate(); err != nil {
		t.Error(err)
	}
	if warnings, err := b.CheckVocabulary(v, false); err != nil || len(warnings) > 0 {
		t.Errorf("%v, %v", warnings, err)
	}
	if err := b.Verify(t.Context()); err != nil {
		t.Error(err)
	}
	if d := b.Description; !d.Lineage.Trained || d.Lineage.Labels == "" || d.Lineage.Metrics["seen.map"] < 50 || d.Rows != Architecture.Rows || d.Dim != Dim || d.Input.Size != 64 {
		t.Errorf("got %+v", d)
	}
	again, w, err := Default()
	if err != nil || again.ID() != b.ID() || w.ID() != v.ID() {
		t.Errorf("a second call gives another bundle or vocabulary: %v", err)
	}
}

// The bundle that training wrote is the one that its weights alone make, and the
// program carries at most 4 MB of it.
func TestDefaultIsWhatWasTrained(t *testing.T) {
	b, _, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	trained, err := model.DecodeDescription(defaultDescription)
	if err != nil {
		t.Fatal(err)
	}
	if b.ID() != trained.ID() {
		t.Errorf("the program's model is %s, training made %s: has the graph changed? `make default-model` trains it anew", b.ID(), trained.ID())
	}
	if size := len(defaultDescription) + len(defaultWeights); size > 4_000_000 {
		t.Errorf("the program carries %d bytes of model", size)
	}
}

func TestWeightsOfAnotherModelAreRefused(t *testing.T) {
	other := slices.Clone(defaultWeights)
	other[len(other)-1] ^= 1
	if _, err := model.FromWeights(defaultDescription, other); !errors.Is(err, model.ErrCorrupt) {
		t.Errorf("error %v", err)
	}
}

func TestVocabularyIsTheTags(t *testing.T) {
	v := Vocabulary()
	var tags []Tag
	for id, tag := range v.Tags {
		tags = append(tags, Tag{Name: tag, Group: Tags()[id].Group, Seen: v.Seen[id], Vector: v.Vector(id)})
	}
	if diff := cmp.Diff(Tags(), tags); diff != "" {
		t.Error(diff)
	}
}

func BenchmarkDefault(b *testing.B) {
	for b.Loop() {
		if _, _, err := Default(); err != nil {
			b.Fatal(err)
		}
	}
}
