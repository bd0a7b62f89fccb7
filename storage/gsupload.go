package storage

import (
	"errors"
	"net/http"
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
	return errors.Is(kind, ErrTransient) && !errors.Is(kind, errNoUpload) || contextError(kind) != nil
}

// sessions tells the session of an upload that is gone, for which servers have one
// status or another, from a bucket that is missing.
type sessions struct{ next http.RoundTripper }

func (s sessions) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := s.next.RoundTrip(request)
	if err == nil && response.StatusCode == http.StatusNotFound && request.URL.Query().Has("upload_id") {
		response.Body.Close()
		response.StatusCode, response.Status, response.Body = http.StatusGone, "410 Gone", http.NoBody // it would tell another status
	}
	return response, err
}
