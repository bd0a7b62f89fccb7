package storage

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"time"
)

// maxWordsBytes bounds what is kept of a refusal while its time passes.
const maxWordsBytes = 64 << 10

// uploading is what vendors' clients send the requests of an upload through: these
// they repeat by themselves, and each has a deadline of its own.
func uploading(next http.RoundTripper, policy Policy) http.RoundTripper {
	return patient{next: deadlines{next: next, limit: policy.AttemptTimeout}, limit: policy.AttemptTimeout}
}

// patient holds an answer that asks to come back later until then, no longer than
// limit: of the vendors' clients one does not look at it and another gives up. It
// tells of every answer, and of every request without one, that may be followed by
// another.
type patient struct {
	next  http.RoundTripper
	limit time.Duration
}

func (p patient) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := p.next.RoundTrip(request)
	if err != nil {
		tell(request.Context(), Trouble{URI: targetOf(request), Err: networkKind(err)})
		return nil, err
	}
	if response.StatusCode != http.StatusTooManyRequests && response.StatusCode < http.StatusInternalServerError {
		return response, nil
	}
	after := min(laterIn(response.Header), p.limit)
	tell(request.Context(), Trouble{URI: targetOf(request), Delay: after, Err: statusKind(response.StatusCode)})
	if after == 0 {
		return response, nil
	}
	if err := hold(request.Context(), response, after); err != nil {
		return nil, err
	}
	return response, nil
}

// azureLater are Azure's own forms of Retry-After, in milliseconds.
var azureLater = []string{"Retry-After-Ms", "X-Ms-Retry-After-Ms"}

// laterIn takes from an answer how long it asks to wait.
func laterIn(header http.Header) time.Duration {
	after := readRetryAfter(header.Get("Retry-After"), time.Now())
	header.Del("Retry-After")
	for _, name := range azureLater {
		after = max(after, readRetryAfter(header.Get(name), time.Now())/1000)
		header.Del(name)
	}
	return after
}

// hold lets the time pass that an answer asks for; its words are read before, while
// they may be.
func hold(ctx context.Context, response *http.Response, after time.Duration) error {
	words, _ := io.ReadAll(io.LimitReader(response.Body, maxWordsBytes))
	response.Body.Close()
	response.Body = io.NopCloser(bytes.NewReader(words))
	return sleep(ctx, after)
}

// targetOf names what a request is for, without secrets.
func targetOf(request *http.Request) string {
	return Redact(request.URL.Scheme + "://" + request.URL.Host + request.URL.Path)
}
