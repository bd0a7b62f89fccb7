package storage

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// newTransport is a transport of our own with the environment's proxies, so
// that its connections can be closed with the bucket.
func newTransport() *http.Transport {
	return forObjects(http.DefaultTransport.(*http.Transport).Clone())
}

// forObjects makes a transport keep as many connections as readers use, leave
// bodies as they are, and notice that a shared connection is dead.
func forObjects(transport *http.Transport) *http.Transport {
	transport.MaxIdleConns = 256
	transport.MaxIdleConnsPerHost = 256
	transport.DisableCompression = true
	transport.HTTP2 = &http.HTTP2Config{SendPingTimeout: 30 * time.Second, PingTimeout: 15 * time.Second}
	return transport
}

// plainClient never follows a redirect: a request is signed for its host. A body
// of a request may be used again as soon as it has returned.
func plainClient(transport http.RoundTripper) *http.Client {
	return &http.Client{
		Transport:     steppedRequests{ownBodies{transport}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// deadlines bounds each request with its body and its answer.
type deadlines struct {
	next  http.RoundTripper
	limit time.Duration
}

func (d deadlines) RoundTrip(request *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(request.Context(), d.limit)
	response, err := d.next.RoundTrip(request.WithContext(ctx))
	if err != nil {
		cancel()
		return nil, err
	}
	response.Body = cancelBody{response.Body, cancel}
	return response, nil
}

// cancelBody frees the deadline with the body.
type cancelBody struct {
	io.ReadCloser
	cancel context.CancelFunc
}

func (b cancelBody) Close() error {
	defer b.cancel()
	return b.ReadCloser.Close()
}

// errBroken is the end of a body whose client would go on with another request.
var errBroken = fmt.Errorf("%w: the body broke off", ErrTransient)

// errCorrupt is a body that is not what the store's checksum says.
var errCorrupt = fmt.Errorf("%w: the body is not what its checksum says", ErrTransient)

// corrupt finds a vendor's word for errCorrupt.
func corrupt(err error) bool {
	text := err.Error()
	return strings.Contains(text, "storage: bad CRC on read") || strings.Contains(text, "checksum did not match")
}

type requestKey struct{}

// oneRequest returns a context under which a client may send a single request
// through a rawReads: repeating is this package's own business.
func oneRequest(ctx context.Context) context.Context {
	return context.WithValue(ctx, requestKey{}, new(atomic.Bool))
}

// rawReads sends the one request of a oneRequest context and refuses those that
// follow. It asks for the bytes as they are stored: Google's store unpacks
// objects that are marked as gzip for whoever does not say that he can.
type rawReads struct{ next http.RoundTripper }

func (r rawReads) RoundTrip(request *http.Request) (*http.Response, error) {
	if sent, ok := request.Context().Value(requestKey{}).(*atomic.Bool); ok {
		if sent.Swap(true) {
			return nil, errBroken
		}
		request = request.Clone(request.Context())
		request.Header.Set("Accept-Encoding", "gzip")
	}
	return r.next.RoundTrip(request)
}
