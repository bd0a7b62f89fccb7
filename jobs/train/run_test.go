package train_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/jobs/engine"
	"github.com/sdl-batch/sdl-batch/jobs/train"
	"github.com/sdl-batch/sdl-batch/storage/storagetest"
)

// everyTuning runs a test on each tuning: of a new net with all that varies an
// image and a moving average, and of a bundle.
func everyTuning(t *testing.T, test func(t *testing.T, l *lake)) {
	for _, tune := range train.Tunings {
		t.Run(tune, func(t *testing.T) {
			l := local(t)
			l.options.Tune = tune
			if tune != "all" {
				l.options.Init = bundle(t)
				test(t, l)
				return
			}
			r := &l.options.Recipe
			r.Flip, r.Cutout, r.Ops, r.Magnitude, r.Average = true, 0.5, 2, 9, 0.8
			l.options.Decoders = 3
			test(t, l)
		})
	}
}

func TestTheSeedAndNoMachineDecides(t *testing.T) {
	everyTuning(t, func(t *testing.T, l *lake) {
		o := l.into(t)
		o.Decoders, o.Fetch.Workers = 1, 1
		s, e := mustTrain(t, o)
		want := read(t, o.Output)
		planned := of[train.Planned](e)[0]
		if planned.Images != 48 || planned.Validation != 12 || planned.Steps != 18 || planned.Batch != 8 || planned.DoneSteps != 0 || planned.Tune != o.Tune {
			t.Errorf("planned %+v", planned)
		}
		if n := len(of[train.Validated](e)); n != 3 {
			t.Errorf("%d epochs", n)
		}
		if s.Steps != 18 || s.Epochs != 3 || s.Ended != "all steps" || s.BestEpoch < 1 || s.Metrics["seen.map"] < 30 || s.ModelID != want.ID {
			t.Errorf("summary %+v", s)
		}

		again := l.into(t)
		again.Decoders, again.Fetch.Workers = 4, 9
		mustTrain(t, again)
		same(t, read(t, again.Output), want)

		other := l.into(t)
		other.Recipe.Seed++
		mustTrain(t, other)
		if got := read(t, other.Output); got.ID == want.ID {
			t.Error("another seed gives the same bundle")
		}
	})
}

func TestAnAbsurdRateDiverges(t *testing.T) {
	everyTuning(t, func(t *testing.T, l *lake) {
		o := l.into(t)
		o.Recipe.Rate, o.Recipe.Epochs = 900, 20
		_, _, err := run(t, o)
		if !errors.Is(err, train.ErrDiverged) {
			t.Fatalf("error %v", err)
		}
		for _, want := range []string{"training diverged: loss ", " at step ", "learning rate ", "pictures/"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%q is not in: %v", want, err)
			}
		}
		checkPage(t, o.Output, "diverged", "images of the batch")
		for range open(t, o.Output).List(t.Context(), "model.json") {
			t.Error("a bundle was written")
		}
	})
}

func TestTrainingOnS3(t *testing.T) {
	folder, query, _ := strings.Cut(storagetest.S3(t), "?")
	l := newLake(t, folder+"/in?"+query, folder+"/models/two?"+query)
	here := local(t)
	mustTrain(t, here.options)
	l.options.SaveEvery = time.Nanosecond
	l.interrupt(t, func() int { return len(l.checkpoints(t, ".json")) }, 2)
	s, _ := mustTrain(t, l.options)
	same(t, read(t, l.options.Output), read(t, here.options.Output))
	if s.Output != folder+"/models/two" || s.Page != folder+"/models/two/_training/training.html" {
		t.Errorf("summary %+v", s)
	}
}

func TestLabelsOfEveryKind(t *testing.T) {
	l := local(t)
	for i := range l.rows {
		l.rows[i].Split = []string{"", "train", "Validation", "test"}[i%4]
		if i%3 == 0 {
			l.rows[i].Partial, l.rows[i].Negatives = true, []string{"green", "sepia"}
		}
		if i%6 == 0 {
			l.rows[i].Negatives = nil // known, and none
		}
	}
	l.label(t)
	l.options.Recipe.HeldOut = 0.4
	s, e := mustTrain(t, l.options)
	p := of[train.Planned](e)[0]
	if p.Images+p.Validation != 45 || p.Images <= 15 || p.Images >= 30 || s.Images != p.Images {
		t.Errorf("planned %+v", p)
	}
	partial := read(t, l.options.Output)
	for i := range l.rows {
		l.rows[i].Partial, l.rows[i].Negatives = false, nil
	}
	l.label(t)
	o := l.into(t)
	mustTrain(t, o)
	if read(t, o.Output).ID == partial.ID {
		t.Error("what is not known counts as negative")
	}
}

func TestWithoutValidationTheLastEpochCounts(t *testing.T) {
	l := local(t)
	for i := range l.rows {
		l.rows[i].Split = ""
	}
	l.label(t)
	l.options.Recipe.HeldOut, l.options.Recipe.Patience = 0, 1
	s, e := mustTrain(t, l.options)
	if s.BestEpoch != 3 || s.Images != 60 || len(s.Metrics) != 0 || s.Ended != "all steps" {
		t.Errorf("summary %+v", s)
	}
	for _, v := range of[train.Validated](e) {
		if v.Measured || !v.Best {
			t.Errorf("validated %+v", v)
		}
	}
	read(t, l.options.Output)
}

func TestFeaturesAreKeptWhereAsked(t *testing.T) {
	l := local(t)
	l.options.Init, l.options.Tune = bundle(t), "head"
	l.options.Features = t.TempDir()
	_, first := mustTrain(t, l.options)
	o := l.into(t)
	o.Recipe.Rate /= 2
	_, second := mustTrain(t, o)
	if n, again := len(of[engine.Progress](first)), len(of[engine.Progress](second)); n == 0 || again > 0 {
		t.Errorf("features computed with %d and %d reports", n, again)
	}
	if read(t, o.Output).ID == read(t, l.options.Output).ID {
		t.Error("half the rate gives the same bundle")
	}
	var kept []string
	for object, err := range open(t, o.Features).List(t.Context(), "") {
		ok(t, err)
		kept = append(kept, object.Key)
	}
	if len(kept) != 2 || !strings.HasPrefix(kept[0], "train-") || !strings.HasPrefix(kept[1], "validation-") {
		t.Errorf("kept %q", kept)
	}
}

func TestEarlyStop(t *testing.T) {
	l := local(t)
	l.options.Recipe.Rate, l.options.Recipe.Patience, l.options.Recipe.Epochs = 1e-9, 2, 9 // nothing gets better
	s, _ := mustTrain(t, l.options)
	if s.Ended != "stopped early" || s.Epochs != s.BestEpoch+2 || s.Epochs == 9 {
		t.Errorf("summary %+v", s)
	}
	checkPage(t, l.options.Output, "stopped early")
	read(t, l.options.Output)
}

func TestWhatCannotBeTrainedIsRefused(t *testing.T) {
	l := local(t)
	vocab := vocabulary()
	for i := range vocab.Seen {
		vocab.Seen[i] = false
	}
	for want, change := range map[string]func(o *train.Options){
		"no labels given\nno initial model given\nno output given": func(o *train.Options) { o.Labels, o.Init, o.Output = "", "", "" },
		`tune "body": want head, last-stage, all`:                  func(o *train.Options) { o.Tune = "body" },
		"reject rate 1.5: want 0 to 1":                             func(o *train.Options) { o.MaxRejectRate = 1.5 },
		"batch of 1 images: want 2 to 4096":                        func(o *train.Options) { o.Recipe.Batch = 1 },
		"learning rate -1: want above 0":                           func(o *train.Options) { o.Recipe.Rate = -1 },
		"warm-up 1: want above 0 and below 1":                      func(o *train.Options) { o.Recipe.WarmUp = 1 },
		`metric "zsl.map": the best epoch is picked on seen tags`:  func(o *train.Options) { o.Recipe.Metric = "zsl.map" },
		`metric "seen.f1@4": want seen.map, `:                      func(o *train.Options) { o.Recipe.Metric = "seen.f1@4" },
		"want new:tresnet-m, -l or -xl":                            func(o *train.Options) { o.Init = "new:resnet-50" },
		"labels nowhere.parquet":                                   func(o *train.Options) { o.Labels = "nowhere.parquet" },
		"vocabulary: ":                                             func(o *train.Options) { o.Vocab = "nowhere.parquet" },
		"initial model: ":                                          func(o *train.Options) { o.Init = "nowhere" },
		"input size":                                               func(o *train.Options) { o.Size = 7 },
	} {
		o := l.into(t)
		change(&o)
		if _, _, err := run(t, o); !errors.Is(err, jobs.ErrConfig) || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q: %v", want, err)
		}
		if o.Output != "" {
			for object := range open(t, o.Output).List(t.Context(), "") {
				t.Errorf("%s: %s was written", want, object.Key)
			}
		}
	}
	for i := 4; i < imageCount; i += 5 {
		l.rows[i].Positives = []string{"sepia"}
	}
	l.label(t)
	if _, _, err := run(t, l.options); !errors.Is(err, jobs.ErrConfig) || !strings.Contains(err.Error(), "none of the 12 images that validate has a seen tag") {
		t.Errorf("error %v", err)
	}
}
