package train_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sdl-batch/sdl-batch/jobs/train"
)

// As many kills as these, of each tuning, or as fit into the time; a few in any
// case.
const (
	kills    = 8
	fewKills = 3
	killTime = 5 * time.Second
)

// TestKilledAtAnyTime kills processes that train, with no chance to clean up,
// and lets others go on until one comes to the end. Its bundle must be that of
// a training that nothing disturbed.
func TestKilledAtAnyTime(t *testing.T) {
	everyTuning(t, func(t *testing.T, l *lake) {
		o := l.into(t)
		start := time.Now()
		if killed := child(t, o, time.Minute); killed {
			t.Fatal("the undisturbed training took a minute")
		}
		whole := time.Since(start)
		want := read(t, o.Output)

		rng := rand.New(rand.NewPCG(3, 4))
		died, trainings, found := 0, 0, map[string]int{}
		begun := time.Now()
		more := func() bool { return died < kills && (died < fewKills || time.Since(begun) < killTime) }
		for ; more(); trainings++ {
			o := l.into(t)
			o.SaveEvery = time.Nanosecond
			for child(t, o, whole/5+time.Duration(rng.Int64N(int64(whole)))) {
				died++
				found[left(t, o)]++
				if !more() {
					mustTrain(t, o)
					break
				}
			}
			same(t, read(t, o.Output), want)
			checkCurves(t, o.Output, 18, 3)
		}
		t.Logf("%d kills left %v of %d trainings; an undisturbed one takes %v", died, found, trainings, whole.Round(time.Millisecond))
	})
}

// child trains in a process of its own, and kills it after a while; it tells
// whether that was in time.
func child(t *testing.T, o train.Options, after time.Duration) (killed bool) {
	t.Helper()
	c, words := command(t, o)
	ok(t, c.Start())
	timer := time.AfterFunc(after, func() { c.Process.Signal(syscall.SIGKILL) })
	defer timer.Stop()
	err := c.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signaled() {
		return true
	}
	if err != nil {
		t.Fatalf("%v: %s", err, words.String())
	}
	return false
}

// command is a process that trains; its error comes as words.
func command(t *testing.T, o train.Options) (c *exec.Cmd, words *bytes.Buffer) {
	t.Helper()
	options, err := json.Marshal(o)
	ok(t, err)
	executable, err := os.Executable()
	ok(t, err)
	words = &bytes.Buffer{}
	c = exec.Command(executable)
	// A process under the race detector sleeps a second before it ends.
	c.Env = append(os.Environ(), childEnv+"="+string(options), "GORACE=atexit_sleep_ms=0")
	c.Stderr = words
	return c, words
}

// TestADiskThatTakesNoMore ends a training with a clear word, at a checkpoint;
// with more room it goes on.
func TestADiskThatTakesNoMore(t *testing.T) {
	l := local(t)
	whole := l.into(t)
	mustTrain(t, whole)
	want := read(t, whole.Output)
	c, words := command(t, l.options)
	c.Env = append(c.Env, fmt.Sprintf("%s=%d", bytesEnv, 2*len(want.Weights))) // a checkpoint is three times the weights
	if err := c.Run(); err == nil || !strings.Contains(words.String(), "checkpoint: ") || !strings.Contains(words.String(), "000000006.safetensors: file too large") {
		t.Errorf("error %v: %s", err, words)
	}
	if got := l.checkpoints(t, ""); len(got) != 1 || !strings.Contains(got[0], "/best-000000006") {
		t.Errorf("left are %q", got)
	}
	mustTrain(t, l.options)
	same(t, read(t, l.options.Output), want)
}

// left tells how far a killed training came.
func left(t *testing.T, o train.Options) string {
	t.Helper()
	out := open(t, o.Output)
	for _, mark := range []struct{ key, what string }{
		{"model.json", "a bundle"}, {"weights.safetensors", "weights"}, {"_training/checkpoints/", "checkpoints"},
		{"_training/features/", "features"}, {"_training/plan.json", "a plan"},
	} {
		for range out.List(t.Context(), mark.key) {
			return mark.what
		}
	}
	return "nothing"
}
