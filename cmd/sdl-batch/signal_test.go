package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sdl-batch/sdl-batch/model/ort/orttest"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/storagetest"
)

// promised is how soon a process ends after a signal, whatever it does.
const promised = 20 * time.Second

// site is a folder with scenes, a manifest, a model and a labelled run of them, and
// a store with the same.
type site struct {
	dir   string
	store http.Handler
}

func newSite(t *testing.T) *site {
	t.Helper()
	orttest.Load(t)
	s := &site{dir: t.TempDir(), store: storagetest.NewS3(t)}
	var list strings.Builder
	for i := range 48 {
		fmt.Fprintf(&list, "set/000/scene-%06d.png\n", i)
	}
	if err := os.WriteFile(filepath.Join(s.dir, "images.txt"), []byte(list.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"demo scenes --output set --train 32 --val 8 --test 8",
		"train --labels set/labels.parquet --vocab set/vocab.parquet --init new:1,1,1,1x0.125 --size 32 --epochs 1 --output model",
		"run --manifest images.txt --output verified --run-id v",
	} {
		start(t, s.dir, strings.Fields(line)...).mustEnd(t, exitDone)
	}
	s.upload(t)
	return s
}

// upload copies every file to the store.
func (s *site) upload(t *testing.T) {
	t.Helper()
	b, err := storage.Open(t.Context(), storagetest.Serve(t, s.store))
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if err := filepath.WalkDir(s.dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		key, err := filepath.Rel(s.dir, path)
		if err != nil {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return b.WriteObject(t.Context(), key, func(w io.Writer) error { _, err := w.Write(data); return err })
	}); err != nil {
		t.Fatal(err)
	}
}

// visit is one test's way to a site: a folder of its own, and a front before the store.
type visit struct {
	dir, tmp, bucket, query string
	front                   *storagetest.Front
}

func (s *site) visit(t *testing.T) *visit {
	t.Helper()
	v := &visit{dir: t.TempDir(), tmp: t.TempDir(), front: storagetest.NewFront(s.store)}
	v.bucket, v.query, _ = strings.Cut(storagetest.Serve(t, v.front), "?")
	for _, name := range []string{"set", "model", "images.txt", "verified"} {
		if err := os.Symlink(filepath.Join(s.dir, name), filepath.Join(v.dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return v
}

// uri names something in the store; in arguments, what begins with @ does.
func (v *visit) uri(key string) string { return v.bucket + "/" + key + "?" + v.query }

// begin starts the program in a process group of its own.
func (v *visit) begin(t *testing.T, args ...string) *started { return v.beginTo(t, nil, args...) }

// beginTo is begin with a place for what is written to standard output.
func (v *visit) beginTo(t *testing.T, out io.Writer, args ...string) *started {
	t.Helper()
	for i, a := range args {
		if key, ok := strings.CutPrefix(a, "@"); ok {
			args[i] = v.uri(key)
		}
	}
	p := &started{exec.Command("sdl-batch", args...), &speech{}}
	p.command.Dir, p.command.Stdout, p.command.Stderr = v.dir, out, p.words
	p.command.Env = append(os.Environ(), "SDL_ORT_LIB="+library(), "TMPDIR="+v.tmp, "GORACE=atexit_sleep_ms=0")
	p.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.signalAll(syscall.SIGKILL) })
	return p
}

// signalAll signals the process and its children, as cron and terminals do.
func (p *started) signalAll(signal syscall.Signal) error {
	return syscall.Kill(-p.command.Process.Pid, signal)
}

// mustStop waits for the end that a signal promises, and returns what was said.
func (p *started) mustStop(t *testing.T, v *visit, since time.Time) string {
	t.Helper()
	said := p.mustEnd(t, exitTransient)
	took := time.Since(since)
	if took > promised {
		t.Errorf("it took %v to end", took)
	}
	t.Logf("ended after %v", took.Round(10*time.Millisecond))
	if err := p.signalAll(0); err != syscall.ESRCH {
		t.Errorf("a child lives on: %v", err)
	}
	if left, err := filepath.Glob(filepath.Join(v.tmp, "*")); len(left) > 0 || err != nil {
		t.Errorf("left behind: %q, error %v", left, err)
	}
	return said
}

// until waits for something that a process is to do.
func (p *started) until(t *testing.T, what string, happened func() bool) {
	t.Helper()
	for range 6000 {
		if happened() {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("nothing of %s within 30 s: %s", what, p.words.String())
}

// What a command says of going on.
const (
	saysGoesOn = "hint: run the same command again; it goes on where it stopped\n"
	saysAnew   = "hint: run the same command again; it begins anew\n"
)

// silences are requests that the store leaves without an answer while a command
// works, and what the command says when it is stopped there.
var silences = []struct{ name, method, part, says, args string }{
	{"planning", "GET", "/images.txt", saysGoesOn, "run --manifest @images.txt --output out"},
	{"planning, its plan", "PUT", "/plan.json", saysGoesOn, "run --manifest @images.txt --output @out --run-id r"},
	{"loading the model", "GET", "/model/", saysGoesOn, "run --manifest images.txt --output out --model @model --vocab set/vocab.parquet"},
	{"reading images", "GET", "/set/000/", saysGoesOn, "run --manifest @images.txt --output out"},
	{"uploading", "PUT", "/attempts/", saysGoesOn, "run --manifest images.txt --output @out --run-id r --shard-rows 8"},
	{"a receipt", "PUT", "/receipts/", saysGoesOn, "run --manifest images.txt --output @out --run-id r --shard-rows 8"},
	{"publishing", "PUT", "/images/run=r/", saysGoesOn, "run --manifest images.txt --output @out --run-id r"},
	{"the commit", "PUT", "/commit.json", saysGoesOn, "run --manifest images.txt --output @out --run-id r"},
	{"a marker", "PUT", "/_SUCCESS", saysGoesOn, "run --manifest images.txt --output @out --run-id r"},
	{"training", "GET", "/set/000/", saysGoesOn, "train --labels @set/labels.parquet --vocab set/vocab.parquet --init new:1,1,1,1x0.125 --size 32 --output b"},
	{"a checkpoint", "PUT", "/_training/", saysGoesOn, "train --labels set/labels.parquet --vocab set/vocab.parquet --init new:1,1,1,1x0.125 --size 32 --epochs 2 --batch 8 --output @b"},
	{"eval", "GET", "/set/000/", saysAnew, "eval --labels @set/labels.parquet --vocab set/vocab.parquet"},
	{"promote", "GET", "/model/", saysAnew, "promote --candidate @model --current cur --labels set/labels.parquet --vocab set/vocab.parquet --split test --require zsl.map>=0"},
	{"verify", "GET", "/verified/images/", saysAnew, "verify @verified --run-id v"},
	{"manifest build", "GET", "list-type", saysAnew, "manifest build @set --output m.parquet"},
	{"labels import", "GET", "/coco.json", saysAnew, "labels import coco --instances @coco.json --images x/ --vocab set/vocab.parquet --output l.parquet"},
	{"vocab build", "GET", "/vectors.txt", saysAnew, "vocab build --vectors @vectors.txt --seen images.txt --output v.parquet"},
	{"vocab import", "GET", "/c.pickle", saysAnew, "vocab import --classes @c.pickle --unseen u.pickle --vectors v.pickle --output v.parquet"},
	{"vocab inspect", "GET", "/set/vocab.parquet", saysAnew, "vocab inspect @set/vocab.parquet"},
	{"model import", "GET", "/m.pth", saysAnew, "model import --checkpoint @m.pth --output b"},
	{"model inspect", "GET", "/model/", saysAnew, "model inspect @model"},
	{"doctor", "GET", "/set/", saysAnew, "doctor @set/vocab.parquet"},
}

// TestSignals tries what a job promises of signals.
func TestSignals(t *testing.T) {
	heedInChildren()
	s := newSite(t)
	for name, test := range map[string]func(*testing.T, *site){
		"every command ends": endsEveryCommand, "at any moment": atAnyMoment, "a second one": aSecondSignal,
		"ignored ones stay ignored": ignoredSignals,
		"a log without a reader":    withoutReader, "the second reader ends": secondReader,
		"in the planning of much": planningOfMuch, "in a wait that the store asked for": askedToWait,
	} {
		t.Run(name, func(t *testing.T) { test(t, s) })
	}
}

// heedInChildren lets children heed what this process was begun to ignore, by nohup
// or an &: signals that a program catches have their meaning again in what it starts.
func heedInChildren() {
	for _, s := range []os.Signal{syscall.SIGINT, syscall.SIGHUP, syscall.SIGTERM} {
		if signal.Ignored(s) {
			signal.Notify(make(chan os.Signal, 1), s)
		}
	}
}

// endsEveryCommand sends a signal while a store owes an answer, in every phase of a
// run and to every command that reads or writes: each ends with 75, in time, says
// what the next command does, and leaves neither child nor scratch file.
func endsEveryCommand(t *testing.T, s *site) {
	for i, c := range silences {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			v := s.visit(t)
			v.front.Always(c.method, c.part, storagetest.Delay(time.Hour))
			p := v.begin(t, strings.Fields(strings.ReplaceAll(c.args, "@out", fmt.Sprint("@out-", i)))...)
			p.until(t, c.part, func() bool { return v.front.Requests(c.method, c.part) > 0 })
			kind := []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP}[i%3]
			since := time.Now()
			if err := p.signalAll(kind); err != nil {
				t.Fatal(err)
			}
			said := p.mustStop(t, v, since)
			for _, want := range []string{
				"sdl-batch: " + kind.String() + ": stopping; finishing what is under way, again to stop now\n",
				"sdl-batch: error: interrupted by a signal\n", c.says,
			} {
				if !strings.Contains(said, want) {
					t.Errorf("%q is not in %s", want, said)
				}
			}
		})
	}
}
