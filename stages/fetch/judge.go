package fetch

import (
	"errors"
	"fmt"
	"strings"
	"sync"

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

// strikes is how many objects in a row a store may fail to give, with no
// answer of any kind in between, before it counts as down.
const strikes = 8

// breaker tells the fault of an object from the fault of a store. A store that
// gives no answer at all for strikes objects in a row, or that has never
// answered, is down: the job ends and can be run again. While a store answers
// others, an object that stays unavailable is that object's reject. A store that
// does not take our credentials ends the job, too, at whatever row. Web hosts
// have a judge of their own.
type breaker struct {
	mu     sync.Mutex
	stores map[string]*record
}

type record struct {
	answers bool // has ever answered
	failed  int  // objects since the last answer
}

// answered notes that the store of uri gave an answer, be it a refusal.
func (b *breaker) answered(uri string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	*b.of(uri) = record{answers: true}
}

// hasAnswered tells whether the store of uri ever gave an answer.
func (b *breaker) hasAnswered(uri string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.of(uri).answers
}

func (b *breaker) of(uri string) *record {
	key := store(uri)
	if b.stores == nil {
		b.stores = map[string]*record{}
	}
	if b.stores[key] == nil {
		b.stores[key] = &record{}
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

// judge turns a failed read into the row's reject, or into the job's error.
func (b *breaker) judge(uri string, err error) (*pipeline.Reject, error) {
	if b.configured(uri, err) {
		return nil, err
	}
	reject := rejectOf(err)
	if reject.Code != CodeUnavailable {
		b.answered(uri)
		return reject, nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.of(uri)
	r.failed++
	if !r.answers || r.failed >= strikes {
		return nil, fmt.Errorf("store %s does not answer (%d objects in a row): %w", store(uri), r.failed, err)
	}
	return reject, nil
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
