package gc_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/sdl-batch/sdl-batch/storage/storagetest"

	"github.com/sdl-batch/sdl-batch/jobs/gc"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/dataset"
)

// childEnv tells the test binary to collect and to kill itself at a step.
const childEnv = "SDL_GC_TEST_CHILD"

type child struct {
	Options gc.Options
	Step    int64
}

func TestMain(m *testing.M) {
	if text := os.Getenv(childEnv); text != "" {
		os.Exit(runChild(text))
	}
	goleak.VerifyTestMain(storagetest.Served{Tests: m})
}

func runChild(text string) int {
	var c child
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	var steps atomic.Int64
	ctx := storage.WithSteps(context.Background(), func(storage.Step) error {
		if steps.Add(1) == c.Step {
			syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
		return nil
	})
	if _, err := gc.Run(ctx, c.Options, nil); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// killed collects in a process of its own that dies at a step, unless it ends
// before.
func killed(t *testing.T, o gc.Options, step int64) bool {
	t.Helper()
	text, err := json.Marshal(child{o, step})
	ok(t, err)
	executable, err := os.Executable()
	ok(t, err)
	c := exec.Command(executable)
	c.Env = append(os.Environ(), childEnv+"="+string(text), "GORACE=atexit_sleep_ms=0")
	said, err := c.CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signaled() {
		return true
	}
	if err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	return false
}

// checkKilled checks what a collection that was killed has left: of what is needed
// everything.
func checkKilled(t *testing.T, before, wanted, found []string) {
	t.Helper()
	for _, key := range without(before, wanted) {
		if !slices.Contains(found, key) {
			t.Errorf("%s is gone", key)
		}
	}
}

// TestKilledAtSteps kills processes by SIGKILL along their way over one dataset, again
// and again, until one ends by itself.
func TestKilledAtSteps(t *testing.T) {
	uri := folders["files"](t)
	b := open(t, uri)
	wanted := litter(t, b)
	before := keys(t, b)
	deaths := 0
	for step := int64(1); killed(t, gc.Options{Dataset: uri, Program: "test"}, step); step += 11 {
		deaths++
		checkKilled(t, before, wanted, keys(t, b))
	}
	if deaths < 8 {
		t.Errorf("only %d were killed", deaths)
	}
	after := append(without(before, wanted), dataset.PlanKey("unplanned"))
	slices.Sort(after)
	if diff := cmp.Diff(after, keys(t, b)); diff != "" {
		t.Error(diff)
	}
}

// TestStoppedAtSteps has every operation from some step on fail, and then
// collects again, on each kind of store that needs no server.
func TestStoppedAtSteps(t *testing.T) {
	stop := errors.New("stop")
	for name, stride := range map[string]int64{"files": 97, "memory": 13, "s3": 97} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for at, more := int64(1), true; more; at += stride {
				uri := folders[name](t)
				b := open(t, uri)
				wanted := litter(t, b)
				before := keys(t, b)
				var steps atomic.Int64
				ctx := storage.WithSteps(t.Context(), func(storage.Step) error {
					if steps.Add(1) >= at {
						return stop
					}
					return nil
				})
				_, err := gc.Run(ctx, gc.Options{Dataset: uri, Program: "test"}, nil)
				if more = err != nil; more && !errors.Is(err, stop) {
					t.Fatalf("step %d: %v", at, err)
				}
				checkKilled(t, before, wanted, keys(t, b))
				collect(t, gc.Options{Dataset: uri})
				after := append(without(before, wanted), dataset.PlanKey("unplanned"))
				slices.Sort(after)
				if diff := cmp.Diff(after, keys(t, b)); diff != "" {
					t.Fatalf("step %d: %s", at, diff)
				}
			}
		})
	}
}
