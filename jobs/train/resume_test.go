package train_test

import (
	"bytes"
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
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/storagetest"
)

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

// A store that refuses the history is no reason to begin the curves anew.
func TestARefusedHistoryIsKept(t *testing.T) {
	front := storagetest.NewFront(storagetest.NewS3(t))
	folder, query, _ := strings.Cut(storagetest.Serve(t, front), "?")
	l := newLake(t, folder+"/in?"+query, folder+"/model?"+query)
	l.options.SaveEvery = time.Nanosecond
	l.interrupt(t, func() int { return len(l.checkpoints(t, ".json")) }, 1)
	before, _, err := l.out.ReadAll(t.Context(), "_training/history.jsonl", 1<<20)
	ok(t, err)
	front.Once("GET", "history.jsonl", storagetest.Status(403, "AccessDenied"))
	if _, _, err := run(t, l.options); !errors.Is(err, storage.ErrPermission) {
		t.Errorf("error %v", err)
	}
	after, _, err := l.out.ReadAll(t.Context(), "_training/history.jsonl", 1<<20)
	ok(t, err)
	if !bytes.Equal(before, after) {
		t.Errorf("the history was\n%s\nand is\n%s", before, after)
	}
	mustTrain(t, l.options)
	checkCurves(t, l.options.Output, 18, 3)
}

func TestADamagedHistoryBeginsAnew(t *testing.T) {
	l := local(t)
	l.options.SaveEvery = time.Nanosecond
	l.interrupt(t, func() int { return len(l.checkpoints(t, ".json")) }, 1)
	put(t, l.out, "_training/history.jsonl", []byte("nonsense\n"))
	_, e := mustTrain(t, l.options)
	if w := of[engine.Warned](e); len(w) != 1 || !strings.Contains(w[0].Message, "the curves begin anew: ") {
		t.Errorf("warned %+v", w)
	}
}

// Two processes that train the same end with one bundle, though the first one to
// finish removes the checkpoints under the other's feet.
func TestTwoProcessesEndWithOneBundle(t *testing.T) {
	l := local(t)
	whole := l.into(t)
	mustTrain(t, whole)
	first := false
	s, err := train.Run(t.Context(), l.options, func(e engine.Event) {
		if v, is := e.(train.Validated); is && v.Epoch == v.Epochs && !first {
			first = true
			mustTrain(t, l.options)
		}
	})
	if err != nil || !first || !s.AlreadyFinished {
		t.Errorf("%+v, error %v", s, err)
	}
	same(t, read(t, l.options.Output), read(t, whole.Output))
	if left := l.checkpoints(t, ""); len(left) > 0 {
		t.Errorf("left are %q", left)
	}
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
