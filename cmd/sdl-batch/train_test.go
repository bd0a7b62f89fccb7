package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/vbauerster/mpb/v8"

	"github.com/sdl-batch/sdl-batch/jobs/engine"
	"github.com/sdl-batch/sdl-batch/jobs/train"
	"github.com/sdl-batch/sdl-batch/model/ort/orttest"
)

// tell shows a training's events.
func tell(show engine.Handler) {
	for _, e := range []engine.Event{
		engine.Warned{Message: "odd"},
		engine.Progress{Total: 40}, train.Rejected{URI: "a.png", Code: "fetch/not_found", Message: "gone"},
		engine.Progress{Rows: 20, Total: 40, PerSecond: 12.5, Rejected: 1}, engine.Progress{Rows: 40, Total: 40, Rejected: 1}, engine.Progress{Rows: 40, Total: 40, Rejected: 1},
		train.Planned{Images: 40, Validation: 4, Dropped: 2, Batch: 8, Steps: 15, Epochs: 3, DoneSteps: 5, Device: "cpu", Tune: "head"},
		train.Stepped{Step: 7, Steps: 15, Epoch: 2, Epochs: 3, Loss: 1.23456, Rate: 0.00125, PerSecond: 99.94, Remaining: 2400 * time.Millisecond},
		train.Validated{Epoch: 2, Epochs: 3, Metric: "seen.map", Value: 41.237, Measured: true, Best: true},
		train.Validated{Epoch: 3, Epochs: 3, Metric: "seen.map", Value: 40, Measured: true},
		train.Validated{Epoch: 4, Epochs: 3, Metric: "seen.map"},
	} {
		show(e)
	}
}

func TestTrainingsBarShowsWhereItIs(t *testing.T) {
	var out bytes.Buffer
	b := &trainBar{bar: newBar(&out, mpb.WithAutoRefresh())}
	tell(b.show)
	b.done()
	for _, want := range []string{
		"warning: odd\n", "passed over a.png: fetch/not_found: gone\n", "computed the features of 39 images\n",
		"training the head on cpu: 40 images, 4 to validate, 2 without a seen tag; 3 epochs of 5 steps\n", "going on after 5 steps\n",
		"training ", "7 / 15", "2s left  loss 1.235  epoch 2  99.9 images/s",
		"epoch 2: seen.map 41.24, the best so far\n", "epoch 3: seen.map 40.00\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not shown:\n%q", want, out.String())
		}
	}
	if strings.Contains(out.String(), "epoch 4") || strings.Count(out.String(), "computed") != 1 {
		t.Errorf("got %q", out.String())
	}
}

func TestTrainingsLines(t *testing.T) {
	var out bytes.Buffer
	l := &trainLines{lines: newLines(&out)}
	tell(l.show)
	l.last = l.last.Add(-logEvery)
	tell(l.show)
	for want, times := range map[string]int{
		"level=WARN msg=odd\n": 2, `level=WARN msg="image passed over" uri=a.png code=fetch/not_found why=gone`: 2,
		`msg="training planned" tune=head images=40 validation=4 dropped=2 batch=8 epochs=3 steps=15 done_steps=5 device=cpu`: 2,
		"msg=progress epoch=2 step=7 of=15 loss=1.235 rate=0.00125 images_per_s=99.9 left=2s rejected=0 waits_for_images=0\n": 0,
		"msg=\"epoch done\" epoch=2 of=3 seen.map=41.2 best=true seconds=0\n":                                                 2,
		"epoch=4": 0,
		"msg=progress rows=0 of=40 rejected=0 images_per_s=0 left=\"unknown time\"": 1,
	} {
		if n := strings.Count(out.String(), want); n != times {
			t.Errorf("%q is there %d times, want %d:\n%s", want, n, times, out.String())
		}
	}
	out.Reset()
	l.last = l.last.Add(-logEvery)
	l.show(train.Stepped{Step: 7, Steps: 15, Epoch: 2, Loss: 1.23456, Rate: 0.00125, PerSecond: 99.94, Remaining: 2400 * time.Millisecond})
	l.show(train.Stepped{Step: 8, Steps: 15})
	l.show(train.Stepped{Step: 15, Steps: 15})
	if want := "step=7 of=15 loss=1.235 rate=0.00125 images_per_s=99.9 left=2s"; !strings.Contains(out.String(), want) || strings.Count(out.String(), "\n") != 2 {
		t.Errorf("got %s", out.String())
	}
}

// TestASignalSavesATraining: it ends with 75, and the same command goes on to
// the weights of a training that nothing disturbed.
func TestASignalSavesATraining(t *testing.T) {
	orttest.Load(t)
	dir := t.TempDir()
	start(t, dir, "demo", "scenes", "--output", "set", "--train", "32", "--val", "8", "--test", "0").mustEnd(t, exitDone)
	training := func(output string) *started {
		return start(t, dir, "train", "--labels", "set/labels.parquet", "--vocab", "set/vocab.parquet", "--init", "new:1,1,1,1x0.125", "--size", "32",
			"--rows", "2", "--epochs", "6", "--batch", "8", "--threads", "1", "--output", output)
	}
	training("whole").mustEnd(t, exitDone)
	s := training("interrupted")
	for i := 0; !strings.Contains(s.words.String(), "epoch done"); i++ {
		if time.Sleep(10 * time.Millisecond); i == 3000 {
			t.Fatalf("no epoch is done: %s", s.words.String())
		}
	}
	if err := s.command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	said := s.mustEnd(t, exitTransient)
	for _, want := range []string{"error: interrupted by a signal\n", "hint: run the same command again; it goes on where it stopped\n"} {
		if !strings.Contains(said, want) {
			t.Errorf("%q is not in %s", want, said)
		}
	}
	if said := training("interrupted").mustEnd(t, exitDone); strings.Contains(said, "done_steps=0 ") {
		t.Errorf("it began anew: %s", said)
	}
	a, errA := os.ReadFile(filepath.Join(dir, "whole", "weights.safetensors"))
	b, errB := os.ReadFile(filepath.Join(dir, "interrupted", "weights.safetensors"))
	if err := errors.Join(errA, errB); err != nil || !bytes.Equal(a, b) {
		t.Errorf("the weights differ, error %v", err)
	}
}

// started is a process of the program.
type started struct {
	command *exec.Cmd
	words   *speech // on stderr
}

// speech can be read while they are written.
type speech struct {
	mu   sync.Mutex
	text []byte
}

func (w *speech) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.text = append(w.text, p...)
	return len(p), nil
}

func (w *speech) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return string(w.text)
}

func start(t *testing.T, dir string, args ...string) *started {
	t.Helper()
	s := &started{exec.Command("sdl-batch", args...), &speech{}}
	s.command.Dir, s.command.Stderr = dir, s.words
	s.command.Env = append(os.Environ(), "SDL_ORT_LIB="+library())
	if err := s.command.Start(); err != nil {
		t.Fatal(err)
	}
	return s
}

// mustEnd waits for a status and returns what was said.
func (s *started) mustEnd(t *testing.T, status int) string {
	t.Helper()
	s.command.Wait()
	if got := s.command.ProcessState.ExitCode(); got != status {
		t.Fatalf("exit status %d, want %d: %s", got, status, s.words.String())
	}
	return s.words.String()
}
