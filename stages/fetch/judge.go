package fetch

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/sdl-batch/sdl-batch/pipeline"
	"github.com/sdl-batch/sdl-batch/storage"
)

// Codes of the rejects that fetch makes.
const (
	CodeNotFound    = "not_found"
	CodePermission  = "permission_denied"
	CodeTooLarge    = "too_large"
	CodeInvalidURI  = "invalid_uri"
	CodeUnsupported = "unsupported_scheme"
	CodeNotAllowed  = "not_allowed" // an image of the web
	CodeUnavailable = "unavailable" // retryable
	CodeChanged     = "changed"     // retryable
	CodeUnreadable  = "unreadable"
)

var codes = []struct {
	is        error
	code      string
	retryable bool
}{
	{storage.ErrNotExist, CodeNotFound, false},
	{storage.ErrPermission, CodePermission, false},
	{storage.ErrTooLarge, CodeTooLarge, false},
	{storage.ErrInvalid, CodeInvalidURI, false},
	{storage.ErrUnsupported, CodeUnsupported, false},
	{storage.ErrNotAllowed, CodeNotAllowed, false},
	{storage.ErrChanged, CodeChanged, true},
	{storage.ErrTransient, CodeUnavailable, true},
}

// mostLost is how many objects in a row may be rejects while their store answers
// others that it gave before: more are a part of it that is down.
const mostLost = 64

// breaker tells the fault of an object from the fault of a store. An object that is
// unavailable is read once more when its store has answered another since, and is
// that object's reject where that fails, too, and its store answers others still.
// Where nothing was answered since, one row asks the store for what it gave last,
// again and again, while others wait; when nothing comes for Config.Patience, or
// nothing ever came, or mostLost rows in a row are lost, the job ends and can be run
// again. A store that does not take our credentials
// ends the job, too, at whatever row. Web hosts have a judge of their own.
type breaker struct {
	mu     sync.Mutex
	stores map[string]*record
}

// record is what is known of a store.
type record struct {
	asking chan struct{} // held by the row that asks whether the store is there

	mu     sync.Mutex
	last   time.Time // of the last answer; zero: none ever
	uri    string    // what it was about
	failed int       // rows in a row that were not answered
}

// answered notes that the store of uri gave an answer, be it a refusal.
func (b *breaker) answered(uri string) {
	r := b.of(uri)
	r.note(uri)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed = 0
}

// note is answered for what is no row.
func (r *record) note(uri string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last, r.uri = time.Now(), uri
}

// strike counts a row that its store did not give, and returns how many there were
// in a row.
func (r *record) strike() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed++
	return r.failed
}

// lastAnswer is when the store answered last, and about what.
func (r *record) lastAnswer() (time.Time, string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.last, r.uri
}

// hasAnswered tells whether the store of uri ever gave an answer.
func (b *breaker) hasAnswered(uri string) bool {
	last, _ := b.of(uri).lastAnswer()
	return !last.IsZero()
}

func (b *breaker) of(uri string) *record {
	b.mu.Lock()
	defer b.mu.Unlock()
	key := store(uri)
	if b.stores == nil {
		b.stores = map[string]*record{}
	}
	if b.stores[key] == nil {
		b.stores[key] = &record{asking: make(chan struct{}, 1)}
	}
	return b.stores[key]
}

// rejectOf words a failed read as a reject.
func rejectOf(err error) *pipeline.Reject {
	reject := &pipeline.Reject{Stage: "fetch", Code: CodeUnreadable, Message: err.Error()}
	for _, c := range codes {
		if errors.Is(err, c.is) {
			reject.Code, reject.Retryable = c.code, c.retryable
			break
		}
	}
	return reject
}

// configured tells whether a failed read is the fault of credentials or settings
// rather than of the object: no other object of the store could be read either.
// What is refused may be the object, whose name a gateway spells in another way;
// so it is where the store has answered others.
func (b *breaker) configured(uri string, err error) bool {
	if errors.Is(err, storage.ErrRefused) {
		return !b.hasAnswered(uri)
	}
	return errors.Is(err, storage.ErrCredentials) || errors.Is(err, storage.ErrSettings)
}

// judgeStore turns the failed read of an object of a store into the row's reject,
// or into the job's error, errAgain above all. start is when the last try began.
func (r *run) judgeStore(ctx context.Context, f *future, start time.Time, err error) (*pipeline.Reject, error) {
	b, uri := &r.stage.breaker, f.row.URI
	if b.configured(uri, err) {
		return nil, err
	}
	reject := rejectOf(err)
	switch reject.Code {
	case CodeUnavailable:
	case CodeInvalidURI, CodeUnsupported: // the store may not have been asked
		return reject, nil
	default:
		b.answered(uri)
		return reject, nil
	}
	if !b.hasAnswered(uri) {
		return nil, fmt.Errorf("store %s does not answer: %w", store(uri), err)
	}
	if err := r.hold(ctx, f); err != nil {
		return nil, err
	}
	if err := r.ask(ctx, b.of(uri), start, err); err != nil {
		return nil, err
	}
	if f.again {
		if n := b.of(uri).strike(); n >= mostLost {
			return nil, fmt.Errorf("store %s gave none of %d objects in a row: %w", store(uri), n, err)
		}
		return reject, nil
	}
	f.again = true // its tries may have fallen into a silence that is over
	return nil, errAgain
}

// ask returns nil once a store has answered after start, and the job's error when
// it does not for Config.Patience; failed is why it is asked.
func (r *run) ask(ctx context.Context, of *record, start time.Time, failed error) error {
	if err := pipeline.Send(ctx, of.asking, struct{}{}); err != nil {
		return err
	}
	defer func() { <-of.asking }()
	limited, cancel := context.WithTimeout(ctx, r.config.Patience)
	defer cancel()
	pause := time.NewTicker(max(1, r.config.Patience/looks))
	defer pause.Stop()
	for {
		last, uri := of.lastAnswer()
		if last.After(start) {
			return nil
		}
		_, _, err := r.stage.Reader.Read(limited, uri, nil, 0)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case limited.Err() != nil:
			return fmt.Errorf("store %s has not answered for %v: %w", store(uri), r.config.Patience, failed)
		case r.stage.breaker.configured(uri, err):
			return err
		case err == nil || rejectOf(err).Code != CodeUnavailable:
			of.note(uri)
			continue
		}
		select {
		case <-pause.C:
		case <-limited.Done():
		}
	}
}

// store names what a URI shares with others that fail together.
func store(uri string) string {
	scheme, rest, ok := strings.Cut(uri, "://")
	if !ok {
		return "file"
	}
	host, _, _ := strings.Cut(rest, "/")
	return strings.ToLower(scheme) + "://" + host
}
