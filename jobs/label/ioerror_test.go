package label_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/jobs/label"
	"github.com/sdl-batch/sdl-batch/storage"
)

// failures are what a store or a disk says.
var failures = []error{storage.ErrTransient, storage.ErrPermission, storage.ErrNotExist, syscall.ENOSPC, syscall.EIO}

// blackout is how long all waits between tries of a run may be together.
const blackout = 5 * time.Minute

// failing is a point of a run at which something fails.
type failing struct {
	at   place
	as   error
	from bool // all of it fails from there on
}

// points returns what makes a run fail so, and what tells whether it came there.
func (f failing) points() (at func(point string) error, met *atomic.Bool) {
	seen, met := newCensus(), new(atomic.Bool)
	return func(point string) error {
		if point == "wait" {
			return errors.New("do not wait")
		}
		here := f.at.is(seen, point)
		if here {
			met.Store(true)
		}
		if here || f.from && met.Load() && isRequest(point) == isRequest(f.at.Point) && !strings.HasPrefix(point, "stage ") {
			return fmt.Errorf("by the test: %w", f.as)
		}
		return nil
	}, met
}

// ofImages are points whose failures are about one row.
var ofImages = regexp.MustCompile(`^(open|read|request GET) (image|cut|not%20there|not there|words)`)

// uploads are requests that vendors' clients repeat by themselves, with waits that
// nobody can shorten; one of the suite is enough.
var uploads = regexp.MustCompile(`^request PUT .*/(attempts|manifest)/`)

// retried are operations of a single try that the bucket repeats.
var retried = regexp.MustCompile(`^(stat|open|read|put|link|remove|list) `)

// TestEveryOperationThatFails has each kind of operation of a run fail, once or
// with all that follow it, in each way. The run succeeds with all its rows, or
// says what was wrong within bounded time; in any case nothing is published before
// its time, nothing is left running, and the same command then makes the rows
// of a run that nothing disturbed.
func TestEveryOperationThatFails(t *testing.T) {
	tried := newCensus()
	if torture {
		tried = nil
	}
	for _, store := range []string{"memory", "files", "s3 in memory"} {
		t.Run(store, func(t *testing.T) {
			l := smallOn[store](t)
			o := arrowGzipped(t, l)
			seen, want := l.count(t, o)
			for i, f := range failingPlaces(seen, tried) {
				name := fmt.Sprintf("%s #%d: %v", f.at.Point, f.at.Nth, f.as)
				if f.from {
					name += ", and all after it"
				}
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					l, o := l.into(t, o, i+1)
					f.try(t, l, o, want)
				})
			}
		})
	}
}

// failingPlaces are the places and ways to fail: in the suite each place fails in
// one way once and in another for ever; requests get no answer.
func failingPlaces(seen, suite *census) []failing {
	var all []failing
	for i, p := range seen.places(suite) {
		ways := failures
		if ofImages.MatchString(p.Point) {
			ways = []error{storage.ErrTransient}
		}
		if isRequest(p.Point) {
			ways = []error{syscall.ECONNRESET}
		}
		for j, as := range ways {
			if suite == nil || j == i%len(ways) {
				all = append(all, failing{p, as, false})
			}
			if suite == nil || j == (i+2)%len(ways) && (!uploads.MatchString(p.Point) || suite.visit("a dead upload") == 1) {
				all = append(all, failing{p, as, true})
			}
		}
	}
	return all
}

func isRequest(point string) bool { return strings.HasPrefix(point, "request ") }

func (f failing) try(t *testing.T, l *lake, o label.Options, want tables) {
	t.Helper()
	at, met := f.points()
	o.Fetch.Patience = 50 * time.Millisecond
	var waited atomic.Int64
	ctx, cancel := context.WithTimeoutCause(t.Context(), time.Minute, errors.New("the run hangs"))
	defer cancel()
	ctx = storage.OnBackoff(withPoints(ctx, at), func(_ int, delay time.Duration) { waited.Add(int64(delay)) })
	_, _, err := l.run(ctx, o, nil)
	if waits := time.Duration(waited.Load()); waits > blackout {
		t.Errorf("it would have waited %v", waits)
	}
	if !met.Load() {
		t.Log("the run did not come by this point")
	}
	l.checkUnfinished(t, o.RunID)
	f.judge(t, err)
	if err == nil {
		identical(t, "in spite of the failure", want, l.read(t, o.RunID))
	}
	l.mustRun(t, o)
	identical(t, "after the failure", want, l.read(t, o.RunID))
}

// judge checks what a run said to a failure.
func (f failing) judge(t *testing.T, err error) {
	t.Helper()
	passing := errors.Is(f.as, storage.ErrTransient) && retried.MatchString(f.at.Point) || isRequest(f.at.Point)
	switch {
	case err != nil && passing && !f.from:
		t.Errorf("a failure that passes ended the run: %v", err)
	case err == nil || errors.Is(err, f.as) || isRequest(f.at.Point) && errors.Is(err, storage.ErrTransient):
	case f.as == storage.ErrNotExist && slices.ContainsFunc([]error{storage.ErrTransient, jobs.ErrDamaged, jobs.ErrConfig}, func(is error) bool { return errors.Is(err, is) }):
	default:
		t.Errorf("error %v", err)
	}
}
