package loop

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sdl-batch/sdl-batch/model"
	"github.com/sdl-batch/sdl-batch/model/ort"
	"github.com/sdl-batch/sdl-batch/model/ort/orttest"
	"github.com/sdl-batch/sdl-batch/model/tresnet"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/training/labels"
	"github.com/sdl-batch/sdl-batch/training/loss"
	"github.com/sdl-batch/sdl-batch/training/optimise"
	"github.com/sdl-batch/sdl-batch/training/step"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// table is features of rows made up of their numbers; those of row spoilt, where
// above 0, are not finite.
type table struct{ rows, size, spoilt int64 }

func (s table) Len() int64 { return s.rows }

func (s table) At(i int64, to []float32) (labels.Row, error) {
	random := rand.New(rand.NewPCG(uint64(i), 0))
	for j := range to {
		to[j] = float32(math.Abs(random.NormFloat64()))
	}
	if s.spoilt > 0 && i == s.spoilt {
		to[0] = float32(math.NaN())
	}
	return labels.Row{Number: i, URI: fmt.Sprintf("s3://b/%d?key=secret", i), Positives: []int32{int32(i % 3), int32(4 + i%2)}}, nil
}

var architecture = tresnet.Architecture{Layers: [4]int{1, 1, 1, 1}, Width: 0.05, Rows: 2, Dim: 6, InputSize: 32}

func vocabulary() *model.Vocabulary {
	v := &model.Vocabulary{Dim: architecture.Dim}
	random := rand.New(rand.NewPCG(7, 7))
	for i := range 8 {
		v.Tags, v.Seen = append(v.Tags, fmt.Sprint("tag ", i)), append(v.Seen, i != 3)
		for range v.Dim {
			v.Vectors = append(v.Vectors, float32(random.NormFloat64()/2))
		}
	}
	return v
}

// trial is a training of a head: 4 epochs of 5 steps.
type trial struct {
	*Loop
	metrics []float64 // of each validation that is to come
	asked   []tresnet.Params
	events  []Event
}

func newTrial(t *testing.T, store *Store, resumed *Resumed, change func(c *Config)) *trial {
	t.Helper()
	orttest.Load(t)
	config := Config{
		Batch: 4, PerEpoch: 5, Epochs: 4, Schedule: optimise.OneCycle{Max: 1e-2, Steps: 20, Start: 0.3}, Adam: optimise.Defaults, Metric: "m",
	}
	if change != nil {
		change(&config)
	}
	ok(t, config.Validate())
	tags := NewSeenTags(vocabulary())
	steps := step.Config{
		Architecture: architecture, Depth: tresnet.Head, Batch: config.Batch, Places: 2, Vectors: tags.Vectors,
		Loss: loss.Config{Regulariser: 0.3}, Adam: config.Adam, Session: ort.Options{Device: ort.Device{Provider: ort.CPU}, Threads: 1},
	}
	state, err := step.NewState(architecture, tresnet.Head, tresnet.New(architecture, 1))
	ok(t, err)
	if resumed != nil {
		state = resumed.State
	}
	s, err := step.New(steps, state, nil)
	ok(t, err)
	t.Cleanup(func() { s.Close() })
	x := &trial{}
	x.Loop = &Loop{
		Config: config, Step: s, Targets: steps.NewTargets(), Tags: tags, Store: store,
		Source: &Features{Table: table{rows: 21, size: int64(architecture.Features())}, Size: architecture.Features(), Seed: 5, Batch: config.Batch},
		Told:   func(e Event) { x.events = append(x.events, e) }, Display: storage.Redact,
		Validate: func(_ context.Context, p tresnet.Params) (map[string]float64, error) {
			x.asked = append(x.asked, copied(p))
			return map[string]float64{"m": x.metrics[len(x.asked)-1], "other": 1}, nil
		},
	}
	x.metrics = []float64{1, 3, 2, 3}
	return x
}

func newStore(t *testing.T) *Store {
	t.Helper()
	b, err := storage.Open(t.Context(), t.TempDir())
	ok(t, err)
	t.Cleanup(func() { b.Close() })
	return &Store{Bucket: b, Folder: "_training/checkpoints/"}
}

// of returns the events of one type.
func of[E Event](all []Event) (out []E) {
	for _, e := range all {
		if is, isOne := e.(E); isOne {
			out = append(out, is)
		}
	}
	return out
}

func TestTheBestEpochIsKept(t *testing.T) {
	x := newTrial(t, newStore(t), nil, nil)
	p, err := x.Run(t.Context(), nil)
	ok(t, err)
	if p.Step != 20 || p.Epochs != 4 || p.Place != 80 || p.Images != 80 || p.Ended != AllSteps || p.Stale != 2 {
		t.Errorf("progress %+v", p)
	}
	if p.Best.Epoch != 2 || p.Best.Step != 10 || p.Best.Metrics["m"] != 3 || p.Best.Metrics["other"] != 1 {
		t.Errorf("best %+v", p.Best)
	}
	best, err := x.Store.Tensors(t.Context(), p.Best.File)
	ok(t, err)
	equal(t, "the best epoch's tensors", best, x.asked[1])
	if reflect.DeepEqual(x.asked[1], x.asked[3]) {
		t.Error("epochs 2 and 4 have the same tensors")
	}
	steps, epochs := of[StepDone](x.events), of[EpochDone](x.events)
	if len(steps) != 20 || len(epochs) != 4 || len(of[Saving](x.events)) != 4 {
		t.Errorf("%d steps, %d epochs, %d checkpoints", len(steps), len(epochs), len(of[Saving](x.events)))
	}
	for i, s := range steps {
		if s.Step != int64(i+1) || s.Epoch != i/5+1 || s.Images != 4 || s.Learning != x.Config.Schedule.At(i).Learning || !(s.Terms.Loss > 0) || s.Waited > s.Seconds {
			t.Errorf("step %+v", s)
		}
	}
	for i, best := range []bool{true, true, false, false} {
		if e := epochs[i]; e.Best != best || e.Epoch != i+1 || e.Step != int64(5*i+5) || e.Metrics["m"] != x.metrics[i] {
			t.Errorf("epoch %+v", e)
		}
	}
	// The end is there to go on from, too.
	resumed, skipped, err := x.Store.Load(t.Context())
	ok(t, errors.Join(append(skipped, err)...))
	if again, err := x.Run(t.Context(), resumed); err != nil || !reflect.DeepEqual(again, p) || len(x.asked) != 4 {
		t.Errorf("again: %+v, error %v", again, err)
	}
}

func TestPatienceEndsATraining(t *testing.T) {
	x := newTrial(t, newStore(t), nil, func(c *Config) { c.Patience = 1 })
	p, err := x.Run(t.Context(), nil)
	ok(t, err)
	if p.Step != 15 || p.Ended != StoppedEarly || p.Best.Epoch != 2 || p.Stale != 1 {
		t.Errorf("progress %+v", p)
	}
	x = newTrial(t, newStore(t), nil, func(c *Config) { c.Patience = 2 })
	x.metrics = []float64{2, 1, 2.5, 1}
	if p, err = x.Run(t.Context(), nil); err != nil || p.Ended != AllSteps || p.Best.Epoch != 3 || p.Stale != 1 {
		t.Errorf("an epoch that is better starts the count anew: %+v, error %v", p, err)
	}
	x = newTrial(t, newStore(t), nil, func(c *Config) { c.Patience = 1 })
	x.Validate = nil
	if p, err = x.Run(t.Context(), nil); err != nil || p.Ended != AllSteps || p.Best.Epoch != 4 || p.Best.Metrics != nil {
		t.Errorf("without validation: %+v, error %v", p, err)
	}
}

// TestInterruptedAnywhere ends a training at every event, before and in every
// validation, and lets others go on.
func TestInterruptedAnywhere(t *testing.T) {
	for _, keep := range []float64{0, 0.7} {
		average := func(c *Config) { c.Average, c.SaveEvery = keep, time.Hour }
		whole := newTrial(t, newStore(t), nil, average)
		want, err := whole.Run(t.Context(), nil)
		ok(t, err)
		stop := errors.New("stop")
		interruptions := 0
		for at := 1; ; at++ {
			store := newStore(t)
			p, done := Progress{}, 0
			for done = 0; p.Ended == ""; done++ {
				resumed, skipped, err := store.Load(t.Context())
				ok(t, errors.Join(append(skipped, err)...))
				x := newTrial(t, store, resumed, average)
				first := 0
				if resumed != nil {
					first = resumed.Progress.Epochs
				}
				x.metrics = x.metrics[first:]
				ctx, cancel := context.WithCancelCause(t.Context())
				calls := 0
				call := func() {
					if calls++; done < 3 && calls == at {
						cancel(stop)
					}
				}
				x.Told = func(Event) { call() }
				validate := x.Validate
				x.Validate = func(ctx context.Context, p tresnet.Params) (map[string]float64, error) {
					equal(t, "validated", p, whole.asked[first+len(x.asked)])
					call()
					if ctx.Err() != nil {
						return nil, context.Cause(ctx)
					}
					return validate(ctx, p)
				}
				if p, err = x.Run(ctx, resumed); err != nil && !errors.Is(err, stop) {
					t.Fatal(err)
				}
				cancel(nil)
				if err != nil {
					p.Ended = ""
				}
			}
			interruptions += done - 1
			if !reflect.DeepEqual(p, want) {
				t.Fatalf("interrupted at event %d: ended as\n%+v %+v, want\n%+v %+v", at, p, p.Best, want, want.Best)
			}
			if done == 1 {
				break
			}
			if at > 100 {
				t.Fatal("there is no end")
			}
		}
		if interruptions < 40 {
			t.Errorf("%d interruptions", interruptions)
		}
	}
}

// TestAnErrorCostsNothing: what ends a training, but for a divergence, is
// preceded by a checkpoint.
func TestAnErrorCostsNothing(t *testing.T) {
	x := newTrial(t, newStore(t), nil, nil)
	over := errors.New("over the budget")
	validate := x.Validate
	x.Validate = func(ctx context.Context, p tresnet.Params) (map[string]float64, error) {
		if len(x.asked) == 1 {
			return nil, over
		}
		return validate(ctx, p)
	}
	if _, err := x.Run(t.Context(), nil); !errors.Is(err, over) || len(x.asked) != 1 {
		t.Fatalf("error %v after %d validations", err, len(x.asked))
	}
	resumed, _, err := x.Store.Load(t.Context())
	ok(t, err)
	if resumed.Progress.Step != 10 || resumed.Progress.Epochs != 1 {
		t.Errorf("saved %+v", resumed.Progress)
	}
	x = newTrial(t, x.Store, resumed, nil)
	validate = x.Validate
	x.Validate = func(context.Context, tresnet.Params) (map[string]float64, error) { return nil, over }
	if _, err := x.Run(t.Context(), resumed); !errors.Is(err, over) || len(of[StepDone](x.events)) > 0 {
		t.Errorf("still over: error %v after %v", err, x.events)
	}
	x.Validate, x.metrics = validate, []float64{3, 2, 3}
	if p, err := x.Run(t.Context(), resumed); err != nil || p.Best.Epoch != 2 || p.Step != 20 || len(x.asked) != 3 {
		t.Errorf("progress %+v, error %v", p, err)
	}

	x = newTrial(t, newStore(t), nil, func(c *Config) { c.Metric = "none" })
	if _, err := x.Run(t.Context(), nil); err == nil || err.Error() != "validation: no metric none" {
		t.Errorf("error %v", err)
	}
}

// A checkpoint that cannot be written when a training is interrupted is told of.
func TestALastCheckpointThatFailsIsTold(t *testing.T) {
	x := newTrial(t, newStore(t), nil, nil)
	stop := errors.New("stop")
	ctx, cancel := context.WithCancelCause(t.Context())
	told := x.Told
	x.Told = func(e Event) {
		told(e)
		if s, is := e.(StepDone); is && s.Step == 3 {
			ok(t, os.WriteFile(filepath.Join(x.Store.Bucket.URI(), "_training"), nil, 0o600)) // where a folder should be
			cancel(stop)
		}
	}
	if _, err := x.Run(ctx, nil); !errors.Is(err, stop) {
		t.Errorf("error %v", err)
	}
	if lost := of[Unsaved](x.events); len(lost) != 1 || lost[0].Step != 3 || lost[0].Err == nil {
		t.Errorf("told of %+v", lost)
	}
}

func TestACheckpointWithoutItsAverageIsRefused(t *testing.T) {
	store := newStore(t)
	x := newTrial(t, store, nil, func(c *Config) { c.SaveEvery = time.Nanosecond })
	_, err := x.Run(t.Context(), nil)
	ok(t, err)
	resumed, _, err := store.Load(t.Context())
	ok(t, err)
	x = newTrial(t, store, resumed, func(c *Config) { c.Average = 0.5 })
	if _, err := x.Run(t.Context(), resumed); err == nil || !strings.Contains(err.Error(), "moving average") {
		t.Errorf("error %v", err)
	}
}

func TestCheckpointsComeByTime(t *testing.T) {
	x := newTrial(t, newStore(t), nil, func(c *Config) { c.SaveEvery = time.Nanosecond })
	_, err := x.Run(t.Context(), nil)
	ok(t, err)
	var at []int64
	for _, s := range of[Saving](x.events) {
		at = append(at, s.Step)
	}
	if len(at) != 20 || !slices.IsSorted(at) {
		t.Errorf("checkpoints at %v", at)
	}
}

func TestTheAverageFollowsTheSteps(t *testing.T) {
	const keep = 0.9
	x := newTrial(t, newStore(t), nil, func(c *Config) { c.Average = keep })
	want := map[string][]float64{}
	for name, p := range x.Step.State().Params {
		for _, v := range p.Values {
			want[name] = append(want[name], float64(v))
		}
	}
	x.Told = func(e Event) {
		if _, isStep := e.(StepDone); isStep {
			for name, p := range x.Step.State().Params {
				for i, v := range p.Values {
					want[name][i] = keep*want[name][i] + (1-keep)*float64(v)
				}
			}
		}
	}
	_, err := x.Run(t.Context(), nil)
	ok(t, err)
	for name, values := range want {
		for i, v := range values {
			if got := float64(x.asked[3][name].Values[i]); math.Abs(got-v) > 1e-5*math.Max(1, math.Abs(v)) {
				t.Fatalf("%s[%d] is %v, want %v", name, i, got, v)
			}
		}
	}
	if len(want) == 0 || reflect.DeepEqual(x.asked[3], copied(x.Step.State().Params)) {
		t.Error("the average is not one")
	}
}

func TestDivergenceTellsWhere(t *testing.T) {
	x := newTrial(t, newStore(t), nil, nil)
	x.Source.(*Features).Table = table{rows: 21, size: int64(architecture.Features()), spoilt: 4}
	at := int64(0) // place of row 4 in the sequence
	for s := newSequence(21, 5); s.at(at) != 4; at++ {
	}
	_, err := x.Run(t.Context(), nil)
	var d *Divergence
	if !errors.As(err, &d) || !errors.Is(err, ErrDiverged) {
		t.Fatalf("error %v", err)
	}
	if d.Step != at/4+1 || !math.IsNaN(d.Loss) || d.Learning != x.Config.Schedule.At(int(at/4)).Learning || len(d.URIs) != 4 || d.URIs[at%4] != "s3://b/4" {
		t.Errorf("row 4 comes at place %d: %+v", at, d)
	}
	if len(of[StepDone](x.events)) != int(at/4) {
		t.Errorf("%d steps done", len(of[StepDone](x.events)))
	}
	for _, p := range x.Step.State().Params {
		for _, v := range p.Values {
			if v-v != 0 {
				t.Fatal("the state is spoilt")
			}
		}
	}
}

func TestALossWithoutEndDiverges(t *testing.T) {
	for rate, diverges := range map[float64]bool{1e-2: false, 500: true} {
		x := newTrial(t, newStore(t), nil, func(c *Config) { c.Schedule.Max = rate })
		_, err := x.Run(t.Context(), nil)
		var d *Divergence
		if errors.As(err, &d) != diverges {
			t.Errorf("rate %g: %v", rate, err)
		}
		if diverges && (d.Step < 2 || math.IsInf(d.Loss, 0) || d.Tensor != "") {
			t.Errorf("rate %g: %+v", rate, d)
		}
	}
}

func TestParametersThatAreNotFiniteDiverge(t *testing.T) {
	x := newTrial(t, newStore(t), nil, nil)
	x.Told = func(e Event) {
		if s, isStep := e.(StepDone); isStep && s.Step == 4 {
			x.Config.Schedule.Max = math.Inf(1) // of the epoch's last step, whose loss is from before it
		}
	}
	_, err := x.Run(t.Context(), nil)
	var d *Divergence
	if !errors.As(err, &d) || d.Step != 5 || d.Tensor != tresnet.EmbeddingWeight || d.Loss-d.Loss != 0 || len(x.asked) > 0 {
		t.Errorf("error %v after %d validations", err, len(x.asked))
	}
}

func TestADivergencesWords(t *testing.T) {
	d := &Divergence{Step: 7, Loss: 12345.678, Learning: 0.00123456, URIs: strings.Fields("a b c d e f g h i j")}
	want := "training diverged: loss 1.235e+04 at step 7, learning rate 0.00123; images of the batch: a, b, c, d, e, f, g, h and 2 more"
	if d.Error() != want {
		t.Errorf("got %s", d)
	}
	d = &Divergence{Step: 1, Loss: math.NaN(), Tensor: "embedding.weight", Learning: 1, URIs: []string{"a"}}
	if want := "training diverged: loss NaN, embedding.weight not finite at step 1, learning rate 1; images of the batch: a"; d.Error() != want {
		t.Errorf("got %s", d)
	}
}

func TestWrongConfigsAreRefused(t *testing.T) {
	err := Config{Average: 1, Patience: -1}.Validate()
	for _, want := range []string{"0 epochs of 0 steps with 0 images", "moving average 1: want 0 to below 1", "patience of -1 epochs", "one-cycle schedule of 0 steps"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in: %v", want, err)
		}
	}
}

func TestOnlySeenTagsAreNumbered(t *testing.T) {
	v := vocabulary()
	s := NewSeenTags(v)
	if got := s.Of([]int32{0, 2, 3, 4, 7}); !slices.Equal(got, []int32{0, 2, 3, 6}) || s.Count([]int32{3, 4}) != 1 {
		t.Errorf("numbers %v", got)
	}
	if got := s.Of([]int32{3}); got == nil || len(got) != 0 {
		t.Errorf("of an unseen tag %v", got)
	}
	if !slices.Equal(s.Vectors[3*v.Dim:4*v.Dim], v.Vector(4)) || len(s.Vectors) != 7*v.Dim {
		t.Error("the fourth seen tag is not tag 4")
	}
}

func equal(t *testing.T, what string, got, want tresnet.Params) {
	t.Helper()
	if len(want) == 0 || !reflect.DeepEqual(got, want) {
		t.Errorf("%s: %d tensors that differ from the %d wanted", what, len(got), len(want))
	}
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
