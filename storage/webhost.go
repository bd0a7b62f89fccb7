package storage

import (
	"context"
	"fmt"
	"sync"
	"time"
)

const (
	// missedTries is how many tries in a row, of any reads, a host may leave
	// without an answer before it counts as silent.
	missedTries = 8
	// A host that is silent is left alone, for firstQuiet and then for twice as
	// long each time, up to longestQuiet. What would be read from it meanwhile
	// fails at once; afterwards one read tries.
	firstQuiet   = time.Second
	longestQuiet = 30 * time.Second
	// shortQuiet is how long a rest may be that reads of a host that has answered
	// before wait for.
	shortQuiet = 4 * time.Second
	// maxPause bounds how long a read waits because the host asked for it.
	maxPause = time.Minute
	// maxQuiet bounds how long a host may ask to be left alone.
	maxQuiet = time.Hour
	// rememberedHosts is how many hosts are kept in mind before those with
	// nothing to remember are forgotten.
	rememberedHosts = 4096
)

// webHosts is what is known of the hosts that are being read from.
type webHosts struct {
	perHost int
	mu      sync.Mutex
	byName  map[string]*webHost
}

// webHost is one of them. Fields below mu are guarded by its own lock.
type webHost struct {
	slots chan struct{} // one for each request under way
	users int           // reads; guarded by webHosts.mu

	mu       sync.Mutex
	alive    bool          // has ever answered
	missed   int           // tries since the last answer
	isQuiet  bool          // is left alone until quiet, and then tried by one read
	quiet    time.Time     //
	rest     time.Duration // how long it was last left alone
	isTrying bool
	notSoon  time.Time // requests wait until then, as the host asked
}

// enter notes a read from a host; leave follows.
func (w *webHosts) enter(name string) *webHost {
	w.mu.Lock()
	defer w.mu.Unlock()
	h := w.byName[name]
	if h == nil {
		w.forget()
		h = &webHost{slots: make(chan struct{}, w.perHost)}
		w.byName[name] = h
	}
	h.users++
	return h
}

func (w *webHosts) leave(h *webHost) {
	w.mu.Lock()
	defer w.mu.Unlock()
	h.users--
}

// forget makes room where there are many hosts.
func (w *webHosts) forget() {
	if len(w.byName) < rememberedHosts {
		return
	}
	now := time.Now()
	for name, h := range w.byName {
		if h.users == 0 && now.After(h.quiet) && now.After(h.notSoon) {
			delete(w.byName, name)
		}
	}
}

var errQuiet = fmt.Errorf("%w: the host did not answer a moment ago, or asked to be left alone", ErrTransient)

// admit is errQuiet while the host is left alone, or waits for the end of a short
// rest. A try that is admitted ends with answered, miss or undecided.
func (h *webHost) admit(ctx context.Context) error {
	for {
		wait, err := h.ask()
		if wait == 0 || err != nil {
			return err
		}
		if err := sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// ask tells how long to wait before asking again; 0 admits.
func (h *webHost) ask() (wait time.Duration, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	wait = time.Until(h.quiet)
	switch {
	case !h.isQuiet:
		return 0, nil
	case wait <= 0 && !h.isTrying:
		h.isTrying = true
		return 0, nil
	case h.isShort():
		return max(wait, 50*time.Millisecond), nil
	}
	return 0, errQuiet
}

// isShort tells whether a rest is waited for.
func (h *webHost) isShort() bool { return h.alive && h.rest <= shortQuiet }

// alone tells whether nobody waits for the end of a rest.
func (h *webHost) alone() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.isQuiet && time.Now().Before(h.quiet) && !h.isShort()
}

func (h *webHost) answered() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.alive, h.missed, h.rest = true, 0, 0
	h.isQuiet, h.isTrying = false, false
}

func (h *webHost) undecided() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.isTrying = false
}

// miss notes a try without an answer, and tells whether to give up. The last of
// a read, or of missedTries, or the one that was to see if the host is back,
// leaves the host alone for a while.
func (h *webHost) miss(last bool) (giveUp bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.missed++
	if h.isTrying || !h.isQuiet && (last || h.missed >= missedTries) {
		h.leave(min(max(2*h.rest, firstQuiet), longestQuiet))
	}
	return h.isQuiet && !h.isShort()
}

// silent leaves the host alone, as it asked.
func (h *webHost) silent(while time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.leave(min(while, maxQuiet))
}

func (h *webHost) leave(while time.Duration) {
	h.isQuiet, h.isTrying = true, false
	h.rest, h.quiet = while, time.Now().Add(while)
}

// pause makes requests wait, as the host asked.
func (h *webHost) pause(while time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if until := time.Now().Add(while); until.After(h.notSoon) {
		h.notSoon = until
	}
}

func (h *webHost) paused() time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	return time.Until(h.notSoon)
}

// turn waits for the end of a short rest, for a slot and for the end of a pause;
// done gives the slot back. It is errQuiet while the host is left alone.
func (h *webHost) turn(ctx context.Context) (done func(), err error) {
	if err := h.admit(ctx); err != nil {
		return nil, err
	}
	select {
	case h.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	done = func() { <-h.slots }
	if h.alone() { // which was found out while this one waited
		done()
		return nil, errQuiet
	}
	for wait := h.paused(); wait > 0; wait = h.paused() {
		if err := sleep(ctx, wait); err != nil {
			done()
			return nil, err
		}
	}
	return done, nil
}
