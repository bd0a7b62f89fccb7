package train_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
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

// TestInterruptedAnywhere ends trainings by their context, at any time: they
// save, and go on where they stopped.
func TestInterruptedAnywhere(t *testing.T) {
	everyTuning(t, func(t *testing.T, l *lake) {
		o, start := l.into(t), time.Now()
		mustTrain(t, o)
		want := read(t, o.Output)
		whole := time.Since(start)
		random := rand.New(rand.NewPCG(5, 6))
		inside := 0 // times that a training went on between its ends
		for trainings := 0; inside < 2; trainings++ {
			if trainings == 20 {
				t.Fatalf("%d trainings were interrupted within their steps %d times", trainings, inside)
			}
			o = l.into(t)
			for _, step := range interrupted(t, o, whole, random) {
				if step > 0 && step < 18 {
					inside++
				}
			}
			same(t, read(t, o.Output), want)
			checkCurves(t, o.Output, 18, 3)
		}
	})
}

// interrupted trains to the end, however often it is stopped on the way, and
// tells the steps that the processes went on after.
func interrupted(t *testing.T, o train.Options, whole time.Duration, random *rand.Rand) (points []int64) {
	t.Helper()
	stop := errors.New("stop")
	for {
		ctx, cancel := context.WithCancelCause(t.Context())
		after := whole/4 + time.Duration(random.Int64N(int64(whole/2)))
		timer := time.AfterFunc(after, func() { cancel(stop) })
		var e events
		_, err := train.Run(ctx, o, e.handle)
		timer.Stop()
		cancel(nil)
		for _, p := range of[train.Planned](e) {
			points = append(points, p.DoneSteps)
		}
		for _, w := range of[engine.Warned](e) {
			t.Errorf("warned: %s", w.Message)
		}
		if err != nil && !errors.Is(err, stop) {
			t.Fatal(err)
		}
		if err == nil {
			if !slices.IsSorted(points) {
				t.Errorf("went on after steps %v", points)
			}
			return points
		}
	}
}

// checkCurves checks that the history has every step and epoch once.
func checkCurves(t *testing.T, output string, steps, epochs int) {
	t.Helper()
	text, _, err := open(t, output).ReadAll(t.Context(), "_training/history.jsonl", 1<<20)
	ok(t, err)
	for event, want := range map[string]int{"step": steps, "epoch": epochs} {
		if n := strings.Count(string(text), fmt.Sprintf(`"event":%q`, event)); n != want {
			t.Errorf("%d events %q in the history, want %d", n, event, want)
		}
	}
}

func TestADamagedCheckpointIsPassedOver(t *testing.T) {
	l := local(t)
	whole := l.into(t)
	mustTrain(t, whole)
	l.options.SaveEvery = time.Nanosecond
	last := l.interrupt(t, func() int { return len(l.checkpoints(t, ".json")) }, 2)
	tensors := strings.TrimSuffix(last, ".json") + ".safetensors"
	data, _, err := l.out.ReadAll(t.Context(), tensors, 1<<24)
	ok(t, err)
	data[len(data)/2] ^= 1
	put(t, l.out, tensors, data)
	_, e := mustTrain(t, l.options)
	warnings := of[engine.Warned](e)
	if len(warnings) != 1 || !strings.Contains(warnings[0].Message, filepath.Base(last)) || !strings.Contains(warnings[0].Message, "is not what was written") {
		t.Errorf("warnings %v", warnings)
	}
	if p := of[train.Planned](e)[0]; p.DoneSteps == 0 {
		t.Errorf("planned %+v", p)
	}
	same(t, read(t, l.options.Output), read(t, whole.Output))
}

// interrupt trains until reached says that it came to a number, and returns the
// newest checkpoint.
func (l *lake) interrupt(t *testing.T, reached func() int, number int) string {
	t.Helper()
	stop := errors.New("stop")
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	go func() {
		for ctx.Err() == nil && reached() < number {
			time.Sleep(time.Millisecond)
		}
		cancel(stop)
	}()
	if _, err := train.Run(ctx, l.options, nil); !errors.Is(err, stop) {
		t.Fatalf("error %v", err)
	}
	all := l.checkpoints(t, ".json")
	return all[len(all)-1]
}

// checkpoints lists those of the lake's training by the end of their names.
func (l *lake) checkpoints(t *testing.T, suffix string) (keys []string) {
	for o, err := range l.out.List(t.Context(), "_training/checkpoints/") {
		ok(t, err)
		if strings.HasSuffix(o.Key, suffix) {
			keys = append(keys, o.Key)
		}
	}
	return keys
}

func TestAnotherTrainingIsRefused(t *testing.T) {
	l := local(t)
	l.options.SaveEvery = time.Nanosecond
	l.interrupt(t, func() int { return len(l.checkpoints(t, ".json")) }, 1)
	others := map[string]func(o *train.Options){
		"rate was 0.01, is 0.02": func(o *train.Options) { o.Recipe.Rate = 0.02 },
		"seed was 1, is 2":       func(o *train.Options) { o.Recipe.Seed = 2 },
		`tune was "all", is "head"`: func(o *train.Options) {
			o.Tune = "head"
		},
		"no_diversity was not set, is true": func(o *train.Options) { o.Recipe.NoDiversity = true },
		"labels was": func(*train.Options) {
			l.rows[0].Positives = []string{"plain"}
			l.label(t)
		},
	}
	refused := func() {
		for want, change := range others {
			o := l.options
			change(&o)
			_, _, err := run(t, o)
			if !errors.Is(err, train.ErrOtherTraining) || !errors.Is(err, jobs.ErrConfig) || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v", want, err)
			}
			l.rows[0].Positives = tagsOf(0)
			l.label(t)
		}
	}
	refused()
	mustTrain(t, l.options) // the refusals spoilt nothing
	refused()

	foreign := l.options
	foreign.Output = bundle(t) // of 1 epoch
	ok(t, open(t, foreign.Output).Delete(t.Context(), "_training/plan.json"))
	if _, _, err := run(t, foreign); !errors.Is(err, train.ErrOtherTraining) || !strings.Contains(err.Error(), "holds another bundle (sha256:") {
		t.Errorf("a foreign bundle: %v", err)
	}
}

func TestAFinishedTrainingSaysSo(t *testing.T) {
	l := local(t)
	first, _ := mustTrain(t, l.options)
	put(t, l.out, "_training/checkpoints/000000018.json", []byte("left by a process that was killed"))
	again, e := mustTrain(t, l.options)
	if !again.AlreadyFinished || len(e) > 0 {
		t.Errorf("%+v after %v", again, e)
	}
	again.Seconds, again.AlreadyFinished = first.Seconds, false
	again.Steps, again.Epochs, again.Device = first.Steps, first.Epochs, first.Device
	if fmt.Sprint(again) != fmt.Sprint(first) {
		t.Errorf("%+v\nand at first\n%+v", again, first)
	}
	read(t, l.options.Output)
}

func TestUnreadableImagesArePassedOver(t *testing.T) {
	everyTuning(t, func(t *testing.T, l *lake) {
		put(t, l.in, "pictures/03.png", []byte("no image"))
		ok(t, l.in.Delete(t.Context(), "pictures/10.png"))
		ok(t, l.in.Delete(t.Context(), "pictures/04.png")) // validates
		l.options.MaxRejectRate = 0.02
		_, e, err := run(t, l.options)
		if !errors.Is(err, jobs.ErrRejectBudget) || !strings.Contains(err.Error(), "fetch/not_found") || !strings.Contains(err.Error(), "decode/unknown_format") {
			t.Errorf("2 of 48 at 0.02: %v", err)
		}
		if rejected := named(e); !slices.Equal(rejected, []string{"pictures/03.png decode/unknown_format", "pictures/10.png fetch/not_found"}) {
			t.Errorf("told of %q", rejected)
		}
		if l.options.Tune != "head" { // whose features are not part of the training
			checkPage(t, l.options.Output, "stopped", "too many rejects", "pictures/10.png", "decode/unknown_format: ")
		}

		l.options.MaxRejectRate = 0.1
		s, e := mustTrain(t, l.options)
		if s.Rejected < 2 || s.Rejected > 8 {
			t.Errorf("%d rejects", s.Rejected)
		}
		if p := of[train.Planned](e)[0]; l.options.Tune != "head" && p.DoneSteps != 6 {
			t.Errorf("planned %+v", p)
		}
		whole := l.into(t)
		mustTrain(t, whole)
		same(t, read(t, l.options.Output), read(t, whole.Output))
		checkPage(t, whole.Output, "finished", "pictures/10.png", "pictures/03.png")
	})
}

// named lists the images to train on that a training told to be rejected.
func named(e events) (images []string) {
	for _, r := range of[train.Rejected](e) {
		if r.URI != "pictures/04.png" {
			images = append(images, r.URI+" "+r.Code)
		}
	}
	slices.Sort(images)
	return images
}

func checkPage(t *testing.T, output string, words ...string) {
	t.Helper()
	text := page(t, output)
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("%q is not on the page", w)
		}
	}
}

func TestNoImageCanBeRead(t *testing.T) {
	everyTuning(t, func(t *testing.T, l *lake) {
		for i := range imageCount {
			l.rows[i].URI = fmt.Sprintf("nowhere/%d.png", i)
		}
		l.label(t)
		l.options.MaxRejectRate = 1
		_, _, err := run(t, l.options)
		if !errors.Is(err, jobs.ErrRejectBudget) {
			t.Errorf("error %v", err)
		}
		t.Log(err)
	})
}

func TestValidationWithoutAnyImage(t *testing.T) {
	everyTuning(t, func(t *testing.T, l *lake) {
		for i := 4; i < imageCount; i += 5 {
			ok(t, l.in.Delete(t.Context(), l.rows[i].URI))
		}
		_, _, err := run(t, l.options)
		if l.options.Tune == "head" && errors.Is(err, jobs.ErrRejectBudget) {
			return // its features are refused before anything is measured
		}
		if err == nil || !strings.Contains(err.Error(), "none of the images that validate could be read") {
			t.Errorf("error %v", err)
		}
	})
}

// Images that validate are within the budget, too, or the best epoch would be
// picked on what is left.
func TestValidationHasTheSameBudget(t *testing.T) {
	everyTuning(t, func(t *testing.T, l *lake) {
		for i := 4; i < 15; i += 5 {
			ok(t, l.in.Delete(t.Context(), l.rows[i].URI))
		}
		if _, _, err := run(t, l.options); !errors.Is(err, jobs.ErrRejectBudget) {
			t.Errorf("error %v", err)
		}
	})
}

// What was over the budget is looked at again once it is repaired.
func TestRepairedImagesAreTrainedOn(t *testing.T) {
	l := local(t)
	l.options.Tune = "head"
	whole := l.into(t)
	mustTrain(t, whole)
	body, _, err := l.in.ReadAll(t.Context(), l.rows[0].URI, 1<<20)
	ok(t, err)
	ok(t, l.in.Delete(t.Context(), l.rows[0].URI))
	l.options.MaxRejectRate = 0
	if _, _, err := run(t, l.options); !errors.Is(err, jobs.ErrRejectBudget) {
		t.Fatalf("error %v", err)
	}
	put(t, l.in, l.rows[0].URI, body)
	s, _ := mustTrain(t, l.options)
	if s.Rejected != 0 {
		t.Errorf("%d rejects", s.Rejected)
	}
	same(t, read(t, l.options.Output), read(t, whole.Output))
}

// A set that one batch holds can lack an image.
func TestAHeadOfASmallSetDoesWithoutAnImage(t *testing.T) {
	l := local(t)
	l.options.Tune, l.options.Recipe.Batch = "head", 1000
	ok(t, l.in.Delete(t.Context(), l.rows[0].URI))
	if s, e := mustTrain(t, l.options); s.Rejected != 1 || of[train.Planned](e)[0].Batch != int(s.Images)-1 {
		t.Errorf("%+v", s)
	}
}

func TestImagesWithoutASeenTagAreDropped(t *testing.T) {
	l := local(t)
	l.rows[0].Positives = []string{"sepia", "purple"}
	l.rows[1].Positives = nil
	l.rows[4].Positives = []string{"sepia"} // validates, and is no loss
	l.label(t)
	l.options.SaveEvery = time.Nanosecond
	l.interrupt(t, func() int { return len(l.checkpoints(t, ".json")) }, 1)
	s, e := mustTrain(t, l.options)
	if s.Images != 46 || s.Dropped != 2 || !slices.Equal(s.DroppedImages, []string{"pictures/00.png", "pictures/01.png"}) {
		t.Errorf("summary %+v", s)
	}
	if p := of[train.Planned](e)[0]; p.Dropped != 2 || p.Steps != 15 {
		t.Errorf("planned %+v", p)
	}
	checkPage(t, l.options.Output, "no seen tag", "pictures/00.png", "pictures/01.png")

	for i := range l.rows {
		l.rows[i].Positives = []string{"purple", "sepia"}
	}
	l.label(t)
	_, _, err := run(t, l.into(t))
	if !errors.Is(err, jobs.ErrConfig) || !strings.Contains(err.Error(), `of 60 rows 48 have no seen tag; the vocabulary lacks 1 of the tags, as "purple"`) {
		t.Errorf("error %v", err)
	}
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

func TestRemoteLabelsNameNoLocalFiles(t *testing.T) {
	folder, query, _ := strings.Cut(storagetest.S3(t), "?")
	here := local(t)
	l := newLake(t, folder+"/in?"+query, filepath.Join(t.TempDir(), "out"))
	for i := range l.rows {
		l.rows[i].URI = strings.TrimPrefix(here.in.URI(), "file://") + "/" + l.rows[i].URI
	}
	l.label(t)
	if _, _, err := run(t, l.options); !errors.Is(err, jobs.ErrRejectBudget) {
		t.Errorf("local files of remote labels: %v", err)
	}
	o := l.into(t)
	o.AllowRoots = []string{here.in.URI()}
	mustTrain(t, o)
}
