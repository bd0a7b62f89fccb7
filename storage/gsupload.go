package storage

import (
	"errors"
	"sync/atomic"

	gcs "cloud.google.com/go/storage"
	"github.com/googleapis/gax-go/v2"
)

// uploadTries counts the failed requests of one upload since the store last
// took a part, because the client bounds them by time alone.
type uploadTries struct {
	limit  int
	passes func(err error) bool
	failed atomic.Int32
}

// options makes an upload repeat its requests as the policy says.
func (u *uploadTries) options(policy Policy) []gcs.RetryOption {
	return []gcs.RetryOption{
		gcs.WithPolicy(gcs.RetryAlways),
		gcs.WithBackoff(gax.Backoff{Initial: policy.BaseDelay, Max: policy.MaxDelay, Multiplier: 2}),
		gcs.WithErrorFunc(u.again),
	}
}

func (u *uploadTries) again(err error) bool {
	return err != nil && u.passes(err) && int(u.failed.Add(1)) < u.limit
}

func (u *uploadTries) progress(int64) { u.failed.Store(0) }

// passes tells whether what met a request of an upload may pass; a deadline is
// that of the request, because the client ends with the upload's own.
func (g *google) passes(err error) bool {
	kind := g.kind(err)
	return errors.Is(kind, ErrTransient) || contextError(kind) != nil
}
