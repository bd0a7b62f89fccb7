package fetch

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/sdl-batch/sdl-batch/pipeline"
	"github.com/sdl-batch/sdl-batch/storage"
)

const (
	// strikes is how many web hosts may fail, with no answer of any in between,
	// before one that never answered is not blamed for it.
	strikes = 8
	// slow is how long the read of a web image may take before it leaves the
	// window: hosts that swallow requests are common.
	slow = time.Second
	// mostHeld is how many rows wait to learn whether their host or all of the
	// web is down.
	mostHeld = 4096
	// looks is how often a row is read anew while it waits.
	looks = 10
	// knownHosts bounds the hosts of which it is remembered that they answered.
	knownHosts = 4096
)

// webJudge tells the fault of a web host from the fault of the network. The web
// is thousands of stores, some of which are always down, so that one that does
// not answer never ends the job by itself. Its rows are
//
//   - rejects, where another read of the web was answered meanwhile;
//   - rejects, where the host has never answered, others have, and few hosts
//     have failed since: the rows at the end of a list sorted by host;
//   - else held until one of these is true, and read again when it was their own
//     host that answered, and now and then to see. When Config.Patience passes
//     without any answer, the web is down: the job ends and can be run again.
type webJudge struct {
	mu       sync.Mutex
	last     time.Time            // of the last answer
	known    map[string]time.Time // when hosts last answered
	failing  map[string]struct{}  // hosts without an answer since last
	answered chan struct{}        // closed with the next answer; nil when nobody waits
}

// answer notes that a host answered, be it with a refusal.
func (j *webJudge) answer(host string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.last = time.Now()
	if j.known == nil || len(j.known) >= knownHosts {
		j.known = map[string]time.Time{}
	}
	j.known[host] = j.last
	clear(j.failing)
	if j.answered != nil {
		close(j.answered)
		j.answered = nil
	}
}

// blame tells whether a read of host that began at start and got no answer is
// the host's fault. Where it is not, something may have changed once next is
// closed.
func (j *webJudge) blame(host string, start time.Time) (fault bool, next <-chan struct{}) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.failing == nil {
		j.failing = map[string]struct{}{}
	}
	if len(j.failing) < strikes {
		j.failing[host] = struct{}{}
	}
	_, answers := j.known[host]
	if j.last.After(start) || !answers && len(j.known) > 0 && len(j.failing) < strikes {
		return true, nil
	}
	if j.answered == nil {
		j.answered = make(chan struct{})
	}
	return false, j.answered
}

// isBack tells whether host has answered since a time.
func (j *webJudge) isBack(host string, since time.Time) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.known[host].After(since)
}

// silence is for how long there was no answer after a time.
func (j *webJudge) silence(after time.Time) time.Duration {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.last.After(after) {
		after = j.last
	}
	return time.Since(after)
}

// noAnswer tells whether an error leaves open if the web can be reached.
func noAnswer(err error) bool {
	return errors.Is(err, storage.ErrTransient) || errors.Is(err, storage.ErrNoHost)
}

// errAgain asks for another read.
var errAgain = errors.New("fetch: the host may be back")

// judgeWeb turns the failed read of a web image into the row's reject, or into
// the job's error, errAgain above all. start is when the last try began.
func (r *run) judgeWeb(ctx context.Context, f *future, start time.Time, err error) (*pipeline.Reject, error) {
	reject, host := rejectOf(err), storage.WebHost(f.row.URI)
	if !noAnswer(err) {
		if reject.Code != CodeNotAllowed && reject.Code != CodeInvalidURI { // the host may not have been asked
			r.stage.web.answer(host)
		}
		return reject, nil
	}
	if fault, _ := r.stage.web.blame(host, start); fault {
		return reject, nil
	}
	if err := r.hold(ctx, f); err != nil {
		return nil, err
	}
	if r.stage.web.silence(f.since) >= r.config.Patience {
		return nil, fmt.Errorf("no web host has answered for %v, %s among them: %w", r.config.Patience, host, unavailable(err))
	}
	if err := r.await(ctx, host, start); err != nil {
		return nil, err
	}
	return reject, nil
}

// await returns nil once a read of host that began at start is the host's fault,
// and errAgain when it is worth another try.
func (r *run) await(ctx context.Context, host string, start time.Time) error {
	look := time.NewTimer(r.config.Patience / looks)
	defer look.Stop()
	for {
		fault, next := r.stage.web.blame(host, start)
		switch {
		case r.stage.web.isBack(host, start):
			return errAgain
		case fault:
			return nil
		}
		select {
		case <-next:
		case <-look.C:
			return errAgain
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// unavailable makes an error that of a store that may come back.
func unavailable(err error) error {
	if errors.Is(err, storage.ErrTransient) {
		return err
	}
	return fmt.Errorf("%w: %w", storage.ErrTransient, err)
}

// hold takes a row out of the window for good.
func (r *run) hold(ctx context.Context, f *future) error {
	if f.held {
		return nil
	}
	if err := r.held.Acquire(ctx, 1); err != nil {
		return context.Cause(ctx)
	}
	f.held, f.since = true, time.Now()
	if !r.part(f) {
		r.deferred.Release(1)
	}
	return nil
}
