package promote

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/jobs/engine"
	"github.com/sdl-batch/sdl-batch/jobs/evaluate"
	"github.com/sdl-batch/sdl-batch/model"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/columnar"
	"github.com/sdl-batch/sdl-batch/storage/storagetest"
	training "github.com/sdl-batch/sdl-batch/training/evaluate"
	"github.com/sdl-batch/sdl-batch/training/scenes"
)

func TestTheFirstModelMeetsWhatComparesWithTheCurrentOne(t *testing.T) {
	everyStore(t, func(t *testing.T, l *lake) {
		p, err := Run(t.Context(), l.options(t, l.models[0], "gzsl.map >= current + 50", "gzsl.map >= 99"), nil)
		if !errors.Is(err, jobs.ErrRequirement) || p.Promoted || p.Current != nil || len(l.keys(t)) > 0 {
			t.Fatalf("%v: %+v, the folder holds %v", err, p, l.keys(t))
		}
		if a, b := p.Requirements[0], p.Requirements[1]; !a.Met || a.Limit != nil || a.Current != nil || b.Met || *b.Limit != 99 || math.Abs(b.ShortBy-(99-b.Candidate)) > 1e-9 {
			t.Errorf("%+v", p.Requirements)
		}
		began := time.Now().Add(-time.Second)
		p, err = Run(t.Context(), l.options(t, l.models[0], "gzsl.map >= current + 50", "gzsl.map >= 0.5"), nil)
		ok(t, err)
		if !p.Promoted || p.AlreadyCurrent || p.Rows != pictures/2 || p.Candidate.Images != pictures/2 || !p.Candidate.Untrained {
			t.Errorf("%+v", p)
		}
		want := l.figure(t, l.uri(l.models[0]), lakeMetric)
		if got := p.Requirements[1].Candidate; got != want {
			t.Errorf("%s is %v, eval measures %v", lakeMetric, got, want)
		}
		pointer, err := model.ReadPointer(t.Context(), l.uri("models/current"))
		ok(t, err)
		if pointer.Pointed != model.Point(p.Candidate.ModelID) || pointer.Previous != nil || pointer.Metrics[lakeMetric] != want || pointer.Program != "test" ||
			pointer.PromotedAt.Before(began) || pointer.Labels != p.LabelsDigest || pointer.Split != "test" || pointer.Vocab != p.VocabID {
			t.Errorf("%+v", pointer)
		}
		if diff := cmp.Diff([]string{"gzsl.map >= current + 50", "gzsl.map >= 0.5"}, pointer.Requirements); diff != "" {
			t.Error(diff)
		}
		b, err := model.OpenBundle(t.Context(), l.uri("models/current"))
		ok(t, err)
		if err := b.Verify(t.Context()); err != nil || b.Location() != p.Bundle {
			t.Errorf("%v; it lies at %s, want %s", err, b.Location(), p.Bundle)
		}
	})
}

func TestOnlyABetterModelMovesThePointer(t *testing.T) {
	everyStore(t, func(t *testing.T, l *lake) {
		worst, middle, best := l.models[0], l.models[1], l.models[2]
		l.promoted(t, middle)
		before, keys := l.pointer(t), l.keys(t)
		was := l.figure(t, l.uri(middle), lakeMetric)

		p, err := Run(t.Context(), l.options(t, worst, "gzsl.map >= current", "gzsl.map >= 0"), nil)
		if !errors.Is(err, jobs.ErrRequirement) || !strings.Contains(err.Error(), "gzsl.map >= current: it has ") || strings.Contains(err.Error(), ">= 0") {
			t.Errorf("worse: %v", err)
		}
		o := p.Requirements[0]
		if short := was - l.figure(t, l.uri(worst), lakeMetric); o.Met || *o.Current != was || *o.Limit != was || math.Abs(o.ShortBy-short) > 1e-9 || !p.Requirements[1].Met {
			t.Errorf("short by %v, want %v: %+v", o.ShortBy, short, p.Requirements)
		}
		dry := l.options(t, best, "gzsl.map > current")
		dry.DryRun = true
		if p, err := Run(t.Context(), dry, nil); err != nil || p.Promoted || !p.DryRun || !p.Requirements[0].Met {
			t.Errorf("dry run: %v: %+v", err, p)
		}
		if l.pointer(t) != before || cmp.Diff(keys, l.keys(t)) != "" {
			t.Errorf("something was written: %v, %s", l.keys(t), l.pointer(t))
		}

		p, err = Run(t.Context(), l.options(t, best, "gzsl.map > current"), nil)
		ok(t, err)
		pointer, err := model.ReadPointer(t.Context(), l.uri("models/current"))
		ok(t, err)
		if !p.Promoted || pointer.ID != p.Candidate.ModelID || *pointer.Previous != model.Point(p.Current.ModelID) || len(l.keys(t)) != 2*len(keys)-1 {
			t.Errorf("better: %+v, %+v, %v", p, pointer, l.keys(t))
		}

		// What is current already is left as it is, wherever it is named.
		before = l.pointer(t)
		for _, name := range []string{best, "models/current", "models/" + pointer.Bundle} {
			p, err := Run(t.Context(), l.options(t, name, "gzsl.map > current"), nil)
			if err != nil || !p.AlreadyCurrent || p.Promoted || l.pointer(t) != before {
				t.Errorf("%s: %v: %+v", name, err, p)
			}
		}

		// The way back is the earlier bundle, beside the pointer.
		l.promoted(t, "models/"+pointer.Previous.Bundle)
		if back, err := model.ReadPointer(t.Context(), l.uri("models/current")); err != nil || back.Pointed != *pointer.Previous || *back.Previous != pointer.Pointed {
			t.Errorf("%v: %+v", err, back)
		}
	})
}

func TestAPointerThatMovesMeanwhileStays(t *testing.T) {
	l := local(t)
	move := func(to string) func() { return func() { l.promoted(t, to) } }
	remove := func() { ok(t, l.bucket.Delete(t.Context(), "models/current")) }
	for name, c := range map[string]struct {
		from string // current before
		on   string // the model that is measured then
		do   func()
		left string // current afterwards
	}{
		"while the candidate is measured": {l.models[0], "candidate", move(l.models[1]), l.models[1]},
		"while the current is measured":   {l.models[0], "current", move(l.models[1]), l.models[1]},
		"removed":                         {l.models[0], "current", remove, ""},
		"made by somebody else":           {"", "candidate", move(l.models[1]), l.models[1]},
	} {
		remove()
		if c.from != "" {
			l.promoted(t, c.from)
		}
		_, err := Run(t.Context(), l.options(t, l.models[2], "gzsl.map >= current"), once(c.on, c.do))
		if !errors.Is(err, jobs.ErrChanged) {
			t.Errorf("%s: %v", name, err)
		}
		b, err := model.OpenBundle(t.Context(), l.uri("models/current"))
		switch {
		case c.left == "" && !errors.Is(err, storage.ErrNotExist):
			t.Errorf("%s: %v", name, err)
		case c.left != "":
			ok(t, err)
			want, err := model.OpenBundle(t.Context(), l.uri(c.left))
			ok(t, err)
			if b.ID() != want.ID() {
				t.Errorf("%s: it names %s now", name, b.ID())
			}
		}
	}
}

// once does something when the named model begins to be measured, or, of the
// current one, when it has been.
func once(what string, do func()) engine.Handler {
	at, done := "", false
	return func(e engine.Event) {
		if m, is := e.(Measuring); is {
			at = m.What
		}
		p, is := e.(engine.Progress)
		if !is || done || at != what || what == "current" && p.Rows < p.Total {
			return
		}
		done = true
		do()
	}
}

func TestAWriteRightAfterTheOwnIsTold(t *testing.T) {
	front := storagetest.NewFront(storagetest.NewS3(t))
	l := newLake(t, storagetest.Serve(t, front))
	theirs := &model.Pointer{FormatVersion: model.PointerVersion, Pointed: model.Point("sha256:" + strings.Repeat("a", 64))}
	front.Once("PUT", "models/current", func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		next.ServeHTTP(w, r)
		_, err := model.WritePointer(context.WithoutCancel(r.Context()), l.uri("models/current"), theirs)
		if err != nil {
			t.Error(err)
		}
	})
	p, err := Run(t.Context(), l.options(t, l.models[0], "gzsl.map >= current"), nil)
	if !errors.Is(err, jobs.ErrChanged) || p.Promoted || !strings.Contains(err.Error(), "moved on to sha256-aaaaaaaaaaaa") {
		t.Errorf("%v: %+v", err, p)
	}
}

func TestLabelsThatChangeMeanwhilePromoteNothing(t *testing.T) {
	l := local(t)
	l.promoted(t, l.models[0])
	before := l.pointer(t)
	_, err := Run(t.Context(), l.options(t, l.models[2], "gzsl.map >= current"), once("candidate", func() {
		l.label(t, []columnar.Label{{URI: "00.png", Positives: []string{"red"}, Split: "test"}})
	}))
	if !errors.Is(err, jobs.ErrChanged) || l.pointer(t) != before {
		t.Error(err)
	}
}

func TestWhatCannotBeComparedIsRefusedBeforeAnyImageIsRead(t *testing.T) {
	l := local(t)
	l.promoted(t, l.models[0])
	narrow := scenes.Architecture
	narrow.Dim--
	b, err := model.NewTResNet(narrow, model.BuildOptions{})
	ok(t, err)
	_, err = model.WriteBundle(t.Context(), l.uri("narrow"), b, model.WriteOptions{})
	ok(t, err)
	_, err = model.WriteBeside(t.Context(), l.uri("models/narrow"), b)
	ok(t, err)
	_, err = model.WritePointer(t.Context(), l.uri("models/narrow"), &model.Pointer{FormatVersion: model.PointerVersion, Pointed: model.Point(b.ID())})
	ok(t, err)
	_, err = model.WritePointer(t.Context(), l.uri("models/dangling"), &model.Pointer{FormatVersion: model.PointerVersion, Pointed: model.Point("sha256:" + strings.Repeat("a", 64))})
	ok(t, err)
	for name, c := range map[string]struct {
		change func(o *Options)
		kind   error
		want   string
	}{
		"no candidate":             {func(o *Options) { o.Candidate = l.uri("nowhere") }, jobs.ErrConfig, "candidate: "},
		"candidate does not fit":   {func(o *Options) { o.Candidate = l.uri("narrow") }, model.ErrMismatch, "candidate: "},
		"current does not fit":     {func(o *Options) { o.Current = l.uri("models/narrow") }, model.ErrMismatch, "current model: "},
		"current is gone":          {func(o *Options) { o.Current = l.uri("models/dangling") }, jobs.ErrConfig, "models/dangling: open bundle"},
		"current is a bundle":      {func(o *Options) { o.Current = l.uri(l.models[1]) }, jobs.ErrConfig, "this is a folder"},
		"current is a folder":      {func(o *Options) { o.Current = l.uri("models") }, jobs.ErrConfig, "this is a folder"},
		"current is another file":  {func(o *Options) { o.Current = l.uri("labels.parquet") }, model.ErrInvalid, "pointer"},
		"no labels":                {func(o *Options) { o.Labels = l.uri("nowhere.parquet") }, jobs.ErrConfig, "labels "},
		"no row of the split":      {func(o *Options) { o.Split = "val" }, jobs.ErrConfig, "no row is of split"},
		"nothing required and all": {func(o *Options) { *o = Options{MaxRejectRate: 2, Compute: engine.Compute{BatchSize: -1}} }, jobs.ErrConfig, "no candidate given\nno labels given\nnothing is required of the candidate\nreject rate 2: want 0 to 1\nthe pointer: split : invalid: the name is empty\nbatch size -1"},
	} {
		o := l.options(t, l.models[2], "gzsl.map >= current")
		c.change(&o)
		_, err := Run(t.Context(), o, func(e engine.Event) {
			if _, is := e.(engine.Progress); is {
				t.Errorf("%s: images are read", name)
			}
		})
		if !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestABundlesFolderIsNoPointerOnAnyStore(t *testing.T) {
	l := newLake(t, storagetest.S3(t))
	o := l.options(t, l.models[2], "gzsl.map >= current")
	o.Current = l.uri(l.models[1])
	if _, err := Run(t.Context(), o, nil); !errors.Is(err, jobs.ErrConfig) || !strings.Contains(err.Error(), "is a bundle's folder, no pointer") {
		t.Error(err)
	}
	o.Current = strings.Replace(l.uri("models/current"), storagetest.Bucket, "nobucket", 1)
	if _, err := Run(t.Context(), o, nil); !errors.Is(err, jobs.ErrConfig) || !errors.Is(err, storage.ErrNoBucket) {
		t.Error(err)
	}
}

func TestFiguresThatTheLabelsDoNotGiveAreAnError(t *testing.T) {
	l := local(t)
	l.label(t, []columnar.Label{{URI: "00.png", Positives: []string{"red"}, Split: "test"}}) // seen in training
	p, err := Run(t.Context(), l.options(t, l.models[2], "zsl.map >= 0", "zsl.f1@3 >= 0", "seen.map >= 0"), nil)
	if !errors.Is(err, jobs.ErrConfig) || p.Promoted || len(l.keys(t)) > 0 {
		t.Errorf("%v: %+v", err, p)
	}
	for _, want := range []string{"labels.parquet: ", "zsl.map: no image has a tag", "zsl.f1@3: no image has a tag"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in: %v", want, err)
		}
	}
}

func TestImagesThatCannotBeReadAreTold(t *testing.T) {
	l := local(t)
	l.promoted(t, l.models[0])
	before := l.pointer(t)
	l.put(t, "00.png", []byte("no image"))
	o := l.options(t, l.models[2], "gzsl.map >= 0")
	p, err := Run(t.Context(), o, nil)
	if !errors.Is(err, jobs.ErrRejectBudget) || p.Candidate.Rejects.First[0].URI != "00.png" || p.Candidate.Images != pictures/2-1 || l.pointer(t) != before {
		t.Errorf("%v: %+v", err, p)
	}
	o.MaxRejectRate = 0.5
	if p, err = Run(t.Context(), o, nil); err != nil || p.Candidate.Rejects.Count != 1 || p.Current.Rejects.Count != 1 || !p.Promoted {
		t.Errorf("%v: %+v", err, p)
	}
}

func TestACandidateThatScoresFewerImagesIsNotBetter(t *testing.T) {
	figures := &evaluate.Evaluation{Report: &training.Report{GZSL: training.Task{Drop: training.Measures{Images: 9, MAP: 70}}}}
	r, err := ParseRequirements([]string{"gzsl.map >= current"})
	ok(t, err)
	p := &Promotion{Candidate: &Side{Images: 95, evaluation: figures}, Current: &Side{Images: 97, evaluation: figures}}
	ok(t, p.judge(r))
	if err := p.unmet(); !errors.Is(err, jobs.ErrRequirement) || !strings.Contains(err.Error(), "images >= current: it has 95.00, short of 97.00 by 2.00") || strings.Contains(err.Error(), "gzsl") {
		t.Error(err)
	}
	p = &Promotion{Candidate: p.Current, Current: p.Candidate}
	ok(t, p.judge(r))
	if err := p.unmet(); err != nil {
		t.Error(err)
	}
}

func TestFiguresOnTheOwnTrainingLabelsAreDoubted(t *testing.T) {
	l := local(t)
	p, err := Run(t.Context(), l.options(t, l.models[0], "gzsl.map >= 0"), nil)
	ok(t, err)
	b := seeded(t, 7)
	b.Description.Lineage.Labels = p.LabelsDigest
	_, err = model.WriteBundle(t.Context(), l.uri("trained"), b, model.WriteOptions{})
	ok(t, err)
	for split, want := range map[string]bool{"": true, "train": true, "test": false} {
		o := l.options(t, "trained", "gzsl.map >= 0")
		o.Split, o.DryRun = split, true
		warned := false
		_, err := Run(t.Context(), o, func(e engine.Event) {
			if w, is := e.(engine.Warned); is && strings.Contains(w.Message, "was trained on these labels") {
				warned = true
			}
		})
		if err != nil || warned != want {
			t.Errorf("split %q: warned %v, %v", split, warned, err)
		}
	}
}

func TestCancellationIsItsCause(t *testing.T) {
	l := local(t)
	stop := errors.New("stop")
	l.promoted(t, l.models[0])
	before := l.pointer(t)
	for _, what := range []string{"candidate", "current"} {
		ctx, cancel := context.WithCancelCause(t.Context())
		_, err := Run(ctx, l.options(t, l.models[2], "gzsl.map >= 0"), once(what, func() { cancel(stop) }))
		if !errors.Is(err, stop) || l.pointer(t) != before {
			t.Errorf("%s: %v", what, err)
		}
		cancel(nil)
	}
}
