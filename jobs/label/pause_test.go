package label_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sdl-batch/sdl-batch/jobs/label"
	"github.com/sdl-batch/sdl-batch/storage/dataset"
	"github.com/sdl-batch/sdl-batch/storage/storagetest"
)

// process labels in a process of its own.
type process struct {
	*exec.Cmd
	words bytes.Buffer
	ended chan struct{}
	err   error // once it has ended
}

func startProcess(t *testing.T, o label.Options) *process {
	t.Helper()
	options, err := json.Marshal(o)
	ok(t, err)
	executable, err := os.Executable()
	ok(t, err)
	p := &process{Cmd: exec.Command(executable), ended: make(chan struct{})}
	p.Env = append(os.Environ(), childEnv+"="+string(options), "GORACE=atexit_sleep_ms=0")
	p.Stderr = &p.words
	ok(t, p.Start())
	go func() {
		p.err = p.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() {
		p.Process.Kill() // where the test has failed meanwhile
		<-p.ended
	})
	return p
}

// pause stops the process, and returns when it stands still or is over.
func (p *process) pause() {
	p.Process.Signal(syscall.SIGSTOP)
	for range 2000 {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.Process.Pid))
		_, state, _ := strings.Cut(string(stat), ") ")
		if err != nil || strings.HasPrefix(state, "T") || strings.HasPrefix(state, "Z") {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// untilItWrites waits for a file that is being written below a folder.
func (p *process) untilItWrites(folder string) {
	for {
		if found, _ := filepath.Glob(filepath.Join(folder, "*", ".sdl-*")); len(found) > 0 {
			return
		}
		select {
		case <-p.ended:
			return
		case <-time.After(time.Millisecond / 2):
		}
	}
}

func (p *process) wake() { p.Process.Signal(syscall.SIGCONT) }

// mustEnd waits for a process that has nothing to complain of.
func (p *process) mustEnd(t *testing.T, when string) {
	t.Helper()
	if <-p.ended; p.err != nil {
		t.Errorf("%s: %v: %s", when, p.err, p.words.String())
	}
}

// moment stops a process at one of its requests to a store.
type moment struct {
	next http.Handler
	kind string // of the request; see requestKind
	at   int    // which of its kind, from 1
	how  string // what becomes of it
	stop func()

	mu       sync.Mutex
	seen     map[string]int // by kind
	stopped  chan struct{}  // closed when the process stands still
	released chan struct{}  // closed when a request that is held may pass
}

func newMoment(next http.Handler) *moment {
	return &moment{next: next, seen: map[string]int{}, stopped: make(chan struct{}), released: make(chan struct{})}
}

// requestKind is a request without what tells shards, attempts, tables and images apart.
func requestKind(r *http.Request) string {
	return r.Method + " " + table.ReplaceAllString(number.ReplaceAllString(attemptName.ReplaceAllString(r.URL.Path, "N"), "N"), "/T$1")
}

var (
	attemptName = regexp.MustCompile(`[0-9]{6}\.[0-9A-Z]{26}|probe-[0-9A-Z]+`)
	table       = regexp.MustCompile(`/(?:vocab|embeddings|tags|images)(/run=|\.parquet)`)
	number      = regexp.MustCompile(`[0-9]{2,}`)
)

// What becomes of the request at which a process is stopped.
const (
	answered = "answered" // the store acts on it, and the answer waits
	held     = "held"     // it reaches the store after the other process is done
	cut      = "cut"      // the store acts on it, and the connection is lost
)

func (m *moment) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	kind := requestKind(r)
	m.mu.Lock()
	m.seen[kind]++
	now := kind == m.kind && m.seen[kind] == m.at
	m.mu.Unlock()
	if now {
		m.stop()
		close(m.stopped)
		switch m.how {
		case held:
			<-m.released
		case cut:
			storagetest.DropReply(w, r, m.next)
		}
	}
	m.next.ServeHTTP(w, r)
}

// sweep removes every attempt of a run that is committed, as cleaning up does.
func (l *lake) sweep(t *testing.T, run string) {
	t.Helper()
	for _, key := range keys(t, l.out, dataset.AttemptsPrefix(run)) {
		ok(t, l.out.Delete(t.Context(), key))
	}
}

// checkAttempts checks that each shard has one receipt, and that of all attempts
// those whose files count are left, or none where they were swept.
func (l *lake) checkAttempts(t *testing.T, run, when string, swept bool) {
	t.Helper()
	want, attempts := []string{}, l.attempts(t, run)
	for shard, attempt := range attempts {
		for _, table := range dataset.ShardTables {
			want = append(want, dataset.AttemptKey(run, shard, attempt, table, dataset.Parquet))
		}
	}
	if swept {
		want = nil
	}
	slices.Sort(want)
	if found := keys(t, l.out, dataset.AttemptsPrefix(run)); !slices.Equal(found, want) {
		t.Errorf("%s: attempts %q are left, want %q", when, found, want)
	}
	if len(attempts) != 5 {
		t.Errorf("%s: receipts %v", when, attempts)
	}
}

// TestAPausedProcessWakesToADoneRun stops a process at each kind of request that a
// run makes of a store, has another one finish the run, and wakes the first: it
// ends well, and the rows are those of a run that nothing disturbed. Every other
// time the attempts of the committed run are gone by then.
func TestAPausedProcessWakesToADoneRun(t *testing.T) {
	store := storagetest.NewS3(t)
	folder, query, _ := strings.Cut(storagetest.Serve(t, store), "?")
	l := newLake(t, folder+"/in?"+query, folder+"/out?"+query)
	o := l.options
	o.RunID = "r00"
	all := newMoment(store)
	startProcess(t, through(t, all, o)).mustEnd(t, "undisturbed")
	want := l.read(t, "r00")
	kinds := slices.Sorted(maps.Keys(all.seen))
	for i, kind := range kinds {
		o.RunID = fmt.Sprintf("r%02d", 1+i)
		m := newMoment(store)
		m.kind, m.at, m.how = kind, 1+rand.IntN(all.seen[kind]), []string{answered, held, cut}[i%3]
		swept := rand.IntN(2) == 0
		if strings.Contains(kind, "PUT") && strings.Contains(kind, "/part-") {
			m.how, swept = held, true // its copy finds no source any more
		}
		when := fmt.Sprintf("%s, %d of %d, %s, swept: %v", m.kind, m.at, all.seen[kind], m.how, swept)
		if !l.pausedAt(t, m, o, when, swept) {
			t.Logf("%s: there was no such request", when)
		}
		same(t, want, l.read(t, o.RunID))
		l.checkAttempts(t, o.RunID, when, swept)
	}
	if len(kinds) < 20 {
		t.Errorf("only %q are requested", kinds)
	}
	t.Logf("stopped at each of %q", kinds)
}

// pausedAt stops a run at a moment, finishes it, and wakes it. It tells whether the
// moment came.
func (l *lake) pausedAt(t *testing.T, m *moment, o label.Options, when string, sweep bool) (came bool) {
	t.Helper()
	var p *process
	started := make(chan struct{})
	m.stop = func() { <-started; p.pause() }
	p = startProcess(t, through(t, m, o))
	close(started)
	select {
	case <-m.stopped:
		came = true
	case <-p.ended:
	}
	l.mustRun(t, o)
	if sweep {
		l.sweep(t, o.RunID)
	}
	close(m.released)
	p.wake()
	p.mustEnd(t, when)
	return came
}

// through are options of a run whose every request passes a handler.
func through(t *testing.T, h http.Handler, o label.Options) label.Options {
	_, query, _ := strings.Cut(storagetest.Serve(t, h), "?")
	manifest, _, _ := strings.Cut(o.Manifest, "?")
	output, _, _ := strings.Cut(o.Output, "?")
	o.Manifest, o.Output = manifest+"?"+query, output+"?"+query
	return o
}

// TestAPausedProcessOnADisk does the same on local files, at any time, and while
// a file of an attempt is written that is gone when it goes on.
func TestAPausedProcessOnADisk(t *testing.T) {
	l := local(t)
	o := l.options
	o.RunID = "undisturbed"
	begun := time.Now()
	startProcess(t, o).mustEnd(t, "undisturbed")
	whole := time.Since(begun)
	want := l.read(t, "undisturbed")
	const pauses = 6
	for i := range pauses {
		o.RunID = fmt.Sprint("paused-", i)
		after := (whole*time.Duration(i) + rand.N(whole)) / pauses
		swept := i%2 == 1
		p := startProcess(t, o)
		if swept {
			p.untilItWrites(filepath.Join(l.out.URI(), dataset.AttemptsPrefix(o.RunID)))
		} else {
			time.Sleep(after)
		}
		p.pause()
		l.mustRun(t, o)
		if swept { // with the folders, and what is being written in them
			ok(t, os.RemoveAll(filepath.Join(l.out.URI(), dataset.AttemptsPrefix(o.RunID))))
		}
		p.wake()
		when := fmt.Sprintf("after %v of %v, swept: %v", after, whole, swept)
		p.mustEnd(t, when)
		same(t, want, l.read(t, o.RunID))
		l.checkAttempts(t, o.RunID, when, swept)
	}
}
