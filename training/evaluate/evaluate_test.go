package evaluate_test

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/sdl-batch/sdl-batch/training/evaluate"
	"github.com/sdl-batch/sdl-batch/training/labels"
)

// byHand is an evaluation small enough to be checked by hand: tags 0 and 1 are
// seen, 2 and 3 unseen; 3 has no positive.
//
//	image  scores           positives
//	0      .9 .8 .1 .0      0, 2
//	1      .2 .7 .7 .1      1
//	2      .5 .4 .3 .2      none
//	3      .1 .2 .6 .7      2
func byHand() *evaluate.Report {
	a := evaluate.New(vocabulary(4, func(id int) bool { return id < 2 }), evaluate.Options{Ks: []int{2, 1, 3, 2}})
	a.Add([]float32{.9, .8, .1, 0}, labels.Row{Positives: []int32{0, 2}})
	a.Add([]float32{.2, .7, .7, .1}, labels.Row{Positives: []int32{1}})
	a.Add([]float32{.5, .4, .3, .2}, labels.Row{})
	a.Add([]float32{.1, .2, .6, .7}, labels.Row{Positives: []int32{2}})
	return a.Result()
}

func TestMeasuresByHand(t *testing.T) {
	r := byHand()
	for metric, want := range map[string]float64{
		// Images 0 and 3. Tag 2: image 3, then 0: AP 1. Tag 3: 0.
		"zsl.map": 50, "zsl.map_present": 100,
		"zsl.p@1": 50, "zsl.r@1": 50, "zsl.f1@1": 50, // 0: tag 2 hits; 3: tag 3
		"zsl.p@3": 50, "zsl.r@3": 100, // of two tags
		// All images. Tag 2: images 1, 3, 2, 0: hits at ranks 2 and 4.
		"keep.zsl.map": 25, "keep.zsl.map_present": 50,
		"keep.zsl.p@1": 25, "keep.zsl.r@1": 50, "keep.zsl.f1@1": 100. / 3,
		// Images 0, 1, 3. Tag 0: 1. Tag 1: images 0, 1: 1/2. Tag 2: 1, 3, 0: 1/2 and 2/3.
		"gzsl.map": 100 * (1 + .5 + (.5+2./3)/2) / 4, "gzsl.map_present": 100 * (1 + .5 + (.5+2./3)/2) / 3,
		// Best: 0 (hit), 1 before 2 (hit), 3 (miss); second: 1, 2, 2 (hit).
		"gzsl.p@1": 200. / 3, "gzsl.r@1": 50, "gzsl.p@2": 50, "gzsl.r@2": 75, "gzsl.f1@2": 60,
		"keep.gzsl.p@2": 37.5, "keep.gzsl.r@2": 75,
		// Images 0 and 1. Tag 0: 1, tag 1: 1/2.
		"seen.map": 75, "seen.p@1": 100, "seen.r@1": 100, "seen.f1@1": 100,
	} {
		compare(t, r, metric, want)
	}
}

func TestCountsByHand(t *testing.T) {
	r := byHand()
	if r.Images != 4 || r.Partial != 0 {
		t.Errorf("%d images, %d partial", r.Images, r.Partial)
	}
	for name, want := range map[string]struct {
		task                             evaluate.Task
		tags, absent                     int
		images, dropped                  int64
		meanPositives, meanPositivesKept float64
	}{
		"zsl": {r.ZSL, 2, 1, 2, 2, 1, .5}, "gzsl": {r.GZSL, 4, 1, 3, 1, 4. / 3, 1}, "seen": {r.Seen, 2, 0, 2, 2, 1, .5},
	} {
		got := want.task
		if got.Tags != want.tags || got.WithoutPositives != want.absent || got.Drop.Images != want.images || got.Drop.Dropped != want.dropped ||
			got.Keep.Images != 4 || got.Keep.Dropped != 0 || math.Abs(got.Drop.MeanPositives-want.meanPositives) > 1e-9 || math.Abs(got.Keep.MeanPositives-want.meanPositivesKept) > 1e-9 {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if tag := r.Tags[2]; tag.ID != 2 || tag.Tag != "tag2" || tag.Seen || tag.Positives != 2 || tag.Annotated != 4 {
		t.Errorf("tag 2: %+v", tag)
	}
}

// TestUnknownTagsAreNeitherRightNorWrong: image 0 says nothing of tag 1, its
// best, and image 1 nothing of tag 0.
func TestUnknownTagsAreNeitherRightNorWrong(t *testing.T) {
	a := evaluate.New(vocabulary(3, func(int) bool { return true }), evaluate.Options{Ks: []int{2}})
	a.Add([]float32{.5, .9, .1}, labels.Row{Partial: true, Positives: []int32{0}, Negatives: []int32{2}})
	a.Add([]float32{.9, .8, .7}, labels.Row{Partial: true, Positives: []int32{2}, Negatives: []int32{1}})
	a.Add([]float32{.6, .3, .2}, labels.Row{Positives: []int32{1}})
	a.Add([]float32{.9, .9, .9}, labels.Row{Partial: true})
	r := a.Result()
	// Tag 0: images 2 (no), 0 (yes). Tag 1: images 1 (no), 2 (yes). Tag 2: 1 (yes), 2, 0.
	compare(t, r, "gzsl.map", 100*(.5+.5+1)/3)
	// Image 0 ranks 0, 2; image 1: 1, 2; image 2: 0, 1. All have their positive.
	compare(t, r, "gzsl.p@2", 50)
	compare(t, r, "gzsl.r@2", 100)
	compare(t, r, "keep.gzsl.p@2", 50) // image 3 has nothing to rank
	if r.Partial != 3 || r.Tags[0].Annotated != 2 || r.Tags[1].Annotated != 2 || r.Tags[2].Annotated != 3 {
		t.Errorf("%d partial images, tags %+v", r.Partial, r.Tags)
	}
}

func TestEqualScoresRankByTagAndByImage(t *testing.T) {
	a := evaluate.New(vocabulary(3, func(int) bool { return true }), evaluate.Options{Ks: []int{1}})
	zero := float32(math.Copysign(0, -1))
	a.Add([]float32{zero, 0, 0}, labels.Row{Positives: []int32{0}})
	a.Add([]float32{0, zero, -1}, labels.Row{Positives: []int32{1}})
	r := a.Result()
	compare(t, r, "gzsl.p@1", 50) // tag 0 of both
	if r.Tags[0].AP != 100 || r.Tags[1].AP != 50 {
		t.Errorf("APs %v and %v", r.Tags[0].AP, r.Tags[1].AP)
	}
}

func TestUnknownMetricsListTheKnown(t *testing.T) {
	r := byHand()
	for _, name := range []string{"", "map", "gzsl", "gzsl.f1@5", "keep.keep.zsl.map", "GZSL.map", "gzsl.map "} {
		_, err := r.Metric(name)
		if !errors.Is(err, evaluate.ErrNoMetric) || !strings.Contains(err.Error(), "zsl.map, zsl.map_present, zsl.p@1,") || !strings.Contains(err.Error(), "seen.f1@3, and each with keep.") {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// TestNothingToMeasureIsNoZero: no tag is unseen, and no image has a tag.
func TestNothingToMeasureIsNoZero(t *testing.T) {
	a := evaluate.New(vocabulary(2, func(int) bool { return true }), evaluate.Options{})
	a.Add([]float32{1, 2}, labels.Row{Positives: []int32{1}})
	for _, name := range []string{"zsl.map", "keep.zsl.f1@3"} {
		if v, err := a.Result().Metric(name); !errors.Is(err, evaluate.ErrNoValue) {
			t.Errorf("%s: %v, %v", name, v, err)
		}
	}
	if all := a.Result().Metrics(); len(all) != 2*2*8 || all["keep.seen.r@5"] != 100 {
		t.Errorf("metrics %v", all)
	}
	empty := evaluate.New(vocabulary(2, func(int) bool { return true }), evaluate.Options{}).Result()
	if _, err := empty.Metric("gzsl.map"); !errors.Is(err, evaluate.ErrNoValue) {
		t.Error(err)
	}
	if _, err := json.Marshal(empty); err != nil {
		t.Error(err)
	}
}
