package storage

import (
	"errors"
	"net/http"
	"strconv"
	"time"
)

// later is an ErrTransient whose store told when to come back.
type later struct {
	error
	after time.Duration
}

func (l *later) Unwrap() error { return l.error }

// retryLater adds to a passing error how long the answer's Retry-After asks to
// wait; header may be nil.
func retryLater(err error, header http.Header) error {
	after := readRetryAfter(header.Get("Retry-After"), time.Now())
	if after <= 0 || !errors.Is(err, ErrTransient) {
		return err
	}
	return &later{err, after}
}

// readRetryAfter reads seconds or a date; 0 where it is neither or has passed.
func readRetryAfter(text string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if date, err := http.ParseTime(text); err == nil {
		return max(0, date.Sub(now))
	}
	return 0
}

// asked is the wait that the store asked for with err, 0 for none.
func asked(err error) time.Duration {
	var l *later
	if errors.As(err, &l) {
		return l.after
	}
	return 0
}
