package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sdl-batch/sdl-batch/model/ort/orttest"
	"github.com/sdl-batch/sdl-batch/storage/storagetest"
)

// atAnyMoment ends runs at random moments: with 75, in time and without
// a file half written. The same command then goes on, to tables that verify
// finds nothing in.
func atAnyMoment(t *testing.T, s *site) {
	v := s.visit(t)
	stopped, whole := 0, 0*time.Second
	for i := range 4 {
		id := fmt.Sprint("r", i)
		again := func() *started {
			p := v.begin(t, "run", "--manifest", "images.txt", "--output", "out", "--run-id", id, "--shard-rows", "7", "--batch", "2", "--threads", "1")
			p.until(t, "work", func() bool { return strings.Contains(p.words.String(), "run planned") })
			return p
		}
		if i == 0 { // undisturbed
			p, since := again(), time.Now()
			p.mustEnd(t, exitDone)
			whole = time.Since(since)
			continue
		}
		for range 4 {
			p := again()
			time.Sleep(rand.N(whole))
			since := time.Now()
			if p.command.Process.Signal(syscall.SIGTERM); p.command.Wait() == nil {
				break // it was over before
			}
			stopped++
			p.mustStop(t, v, since)
			if left, err := filepath.Glob(filepath.Join(v.dir, "out", "_runs", id, "*", "*", ".sdl-*")); len(left) > 0 || err != nil {
				t.Errorf("half written: %q, error %v", left, err)
			}
		}
		again().mustEnd(t, exitDone)
		v.begin(t, "verify", "out", "--run-id", id, "--all").mustEnd(t, exitDone)
	}
	if stopped == 0 {
		t.Error("every run was over before its signal")
	}
	t.Logf("%d runs were stopped", stopped)
}

// aSecondSignal ends the process at once, while the last checkpoint of a
// training waits for the store.
func aSecondSignal(t *testing.T, s *site) {
	v := s.visit(t)
	p := v.begin(t, "train", "--labels", "set/labels.parquet", "--vocab", "set/vocab.parquet", "--init", "new:1,1,1,1x0.125", "--size", "32",
		"--epochs", "100", "--batch", "8", "--output", v.uri("b"))
	p.until(t, "an epoch", func() bool { return strings.Contains(p.words.String(), "epoch done") })
	v.front.Always("PUT", "/b/", storagetest.Delay(time.Hour))
	if err := p.signalAll(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	p.until(t, "an answer", func() bool { return strings.Contains(p.words.String(), "stopping") })
	since := time.Now()
	if err := p.signalAll(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if said := p.mustEnd(t, exitTransient); !strings.Contains(said, "sdl-batch: stopped at once\n") {
		t.Errorf("it said %s", said)
	}
	if took := time.Since(since); took > grace/3 {
		t.Errorf("it took %v", took)
	}
}

// TestWhatDoesNotEndIsGivenUp has a job wait for ever for who reads its log: it is
// over within the promised time all the same.
func TestWhatDoesNotEndIsGivenUp(t *testing.T) {
	orttest.Load(t)
	t.Parallel()
	dir := t.TempDir()
	unread, full, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer unread.Close()
	defer full.Close()
	full.SetWriteDeadline(time.Now().Add(time.Second))
	if _, err := io.Copy(full, endless{}); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatal(err)
	}
	c := exec.Command("sdl-batch", "demo", "--output", "d")
	c.Dir, c.Env, c.Stderr = dir, append(os.Environ(), "SDL_ORT_LIB="+library()), full
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	p := &started{c, &speech{}}
	p.until(t, "a plan", func() bool {
		plans, _ := filepath.Glob(filepath.Join(dir, "d/dataset/_runs/*/plan.json"))
		return len(plans) > 0
	})
	since := time.Now()
	c.Process.Signal(syscall.SIGTERM)
	c.Wait()
	if took := time.Since(since); c.ProcessState.ExitCode() != exitTransient || took < grace || took > promised {
		t.Errorf("%v after %v", c.ProcessState, took)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

// ignoredSignals stay ignored: nohup, and the & of a script, start a program so.
func ignoredSignals(t *testing.T, s *site) {
	v := s.visit(t)
	v.front.Once("GET", "/set/000/", storagetest.Delay(time.Second))
	p := v.begin(t, "--version") // for its settings
	p.command.Wait()
	c := exec.Command("sh", "-c", `trap '' HUP INT; exec sdl-batch run --manifest "$0" --output out`, v.uri("images.txt"))
	c.Dir, c.Env, c.Stderr = v.dir, p.command.Env, p.words
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	p.until(t, "an image", func() bool { return v.front.Requests("GET", "/set/000/") > 0 })
	c.Process.Signal(syscall.SIGHUP)
	c.Process.Signal(syscall.SIGINT)
	if err := c.Wait(); err != nil || strings.Contains(p.words.String(), "stopping") {
		t.Errorf("%v: %s", err, p.words.String())
	}
}

// withoutReader: a job outlives who reads its log, as in 2>&1 | head.
func withoutReader(t *testing.T, s *site) {
	v := s.visit(t)
	p := v.begin(t, "--version") // for its settings
	p.command.Wait()
	for _, c := range []struct {
		line   string
		status int
	}{
		{"run --manifest images.txt --output out --run-id r 2>&-", exitDone},
		{"run --manifest images.txt --output out --run-id s 2>&1", exitNoReader}, // the summary has no reader, the tables are there
		{"vocab inspect set/vocab.parquet --json 2>said", exitNoReader},
		{"model inspect model 2>said", exitNoReader},
		{"verify verified --run-id v 2>said", exitNoReader},
	} {
		// The reader is gone before the program begins.
		unread, out, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		unread.Close()
		command := exec.Command("sh", "-c", "exec sdl-batch "+c.line)
		command.Dir, command.Env, command.Stdout = v.dir, p.command.Env, out
		if c.status == exitDone {
			command.Stdout = nil
		}
		command.Run()
		out.Close()
		if got := command.ProcessState.ExitCode(); got != c.status {
			t.Errorf("%s: status %d, want %d", c.line, got, c.status)
		}
		if said, _ := os.ReadFile(filepath.Join(v.dir, "said")); len(said) > 0 {
			t.Errorf("%s: it said %s", c.line, said)
		}
	}
	for _, id := range []string{"r", "s"} {
		v.begin(t, "verify", "out", "--run-id", id).mustEnd(t, exitDone)
	}
}

// secondReader ends with verify, even where it does nothing any more.
func secondReader(t *testing.T, s *site) {
	v := s.visit(t)
	p := v.begin(t, "verify", "verified", "--run-id", "v", "--all")
	child := 0
	p.until(t, "a child", func() bool {
		lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", p.command.Process.Pid))
		for _, list := range lists {
			if ids, err := os.ReadFile(list); err == nil && len(bytes.Fields(ids)) > 0 {
				child, _ = strconv.Atoi(string(bytes.Fields(ids)[0]))
			}
		}
		return child != 0
	})
	if err := syscall.Kill(child, syscall.SIGSTOP); err != nil {
		t.Skipf("it was over before: %v", err)
	}
	since := time.Now()
	p.command.Process.Signal(syscall.SIGTERM)
	if said := p.mustStop(t, v, since); !strings.Contains(said, saysAnew) {
		t.Errorf("it said %s", said)
	}
}

// planningOfMuch ends, on a disk, compressed: nothing but the scan of 50 million
// rows.
func planningOfMuch(t *testing.T, s *site) {
	v := s.visit(t)
	var million bytes.Buffer
	z, _ := gzip.NewWriterLevel(&million, gzip.BestSpeed)
	for range 1_000_000 {
		io.WriteString(z, "set/000/scene-000000.png\n")
	}
	z.Close()
	if err := os.WriteFile(filepath.Join(v.dir, "many.txt.gz"), bytes.Repeat(million.Bytes(), 50), 0o644); err != nil {
		t.Fatal(err)
	}
	p := v.begin(t, "run", "--manifest", "many.txt.gz", "--output", "out")
	time.Sleep(300 * time.Millisecond)
	since := time.Now()
	p.signalAll(syscall.SIGTERM)
	if said := p.mustStop(t, v, since); strings.Contains(said, "run planned") {
		t.Errorf("it was planned before: %s", said)
	}
	if _, err := os.Stat(filepath.Join(v.dir, "out")); err == nil {
		t.Error("there is an output already")
	}
}

// askedToWait: a store may ask for a longer wait than a signal gives.
func askedToWait(t *testing.T, s *site) {
	v := s.visit(t)
	v.front.Always("GET", "/set/000/", storagetest.Busy(60))
	p := v.begin(t, "run", "--manifest", v.uri("images.txt"), "--output", "out")
	p.until(t, "requests", func() bool { return v.front.Requests("GET", "/set/000/") > 8 })
	since := time.Now()
	p.signalAll(syscall.SIGTERM)
	p.mustStop(t, v, since)
}
