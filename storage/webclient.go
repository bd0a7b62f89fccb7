package storage

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"
)

const (
	connectTimeout = 5 * time.Second  // of one connection, name included
	answerTimeout  = 30 * time.Second // from the request to its answer's head
	maxRedirects   = 5
	maxHeadBytes   = 64 << 10
	userAgent      = "sdl-batch (labels images in batches; +https://github.com/sdl-batch/sdl-batch)"
)

// dialing is how connections are made.
type dialing struct {
	public   func(netip.Addr) error // checkPublic but in tests
	resolver *net.Resolver          // nil is the system's
}

// transport connects to public addresses only. The address is checked where a
// connection is made, after names were resolved and for every connection anew,
// so that no name that changes its meaning and no redirect leads around it.
//
// Proxies that the environment names are not used: a proxy resolves names by
// itself, inside the network that the check is to protect. HTTP/2 is off, so
// that one connection that died in silence does not hold every request of a
// host.
func (d dialing) transport(perHost int) *http.Transport {
	dialer := &net.Dialer{Timeout: connectTimeout, Resolver: d.resolver, ControlContext: d.control}
	one := new(http.Protocols)
	one.SetHTTP1(true)
	return &http.Transport{
		DialContext:            dialer.DialContext,
		Protocols:              one,
		TLSHandshakeTimeout:    connectTimeout,
		ResponseHeaderTimeout:  answerTimeout,
		IdleConnTimeout:        30 * time.Second,
		MaxIdleConns:           256,
		MaxIdleConnsPerHost:    perHost,
		MaxConnsPerHost:        2 * perHost, // redirects from other hosts among them
		MaxResponseHeaderBytes: maxHeadBytes,
	}
}

// control refuses an address before anything is sent to it.
func (d dialing) control(_ context.Context, _, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: the host has an unknown kind of address", ErrNotAllowed)
	}
	return d.public(to.Addr())
}

// client follows few redirects, each of which must lead to a host that the rule
// opens, and none from https to http. It keeps no cookies and tells no referrer.
func (r webRule) client(transport http.RoundTripper) *http.Client {
	return &http.Client{Transport: steppedRequests{transport}, CheckRedirect: r.follow}
}

func (r webRule) follow(next *http.Request, before []*http.Request) error {
	next.Header.Del("Referer")
	if moved, ok := next.Context().Value(movedKey{}).(*bool); ok {
		*moved = true
	}
	if len(before) > maxRedirects {
		return invalid("more than %d redirects", maxRedirects)
	}
	if before[len(before)-1].URL.Scheme == "https" && next.URL.Scheme != "https" {
		return fmt.Errorf("%w: a redirect from https to %s", ErrNotAllowed, schemeText(next.URL.Scheme))
	}
	if err := checkWeb(next.URL); err != nil {
		return fmt.Errorf("redirect: %w", err)
	}
	return wrapOp("follow a redirect to", Redact(next.URL.String()), r.check(next.URL))
}

// schemeText is a scheme that somebody else wrote.
func schemeText(scheme string) string {
	if isWebScheme(scheme) {
		return scheme
	}
	return "another scheme"
}

// movedKey is the context key of a *bool that the first redirect sets.
type movedKey struct{}

// webRequest asks for a whole object as it is: with an encoding named, the
// transport neither asks for another one nor undoes it.
func webRequest(ctx context.Context, address string) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, invalid("malformed web address")
	}
	request.Header.Set("User-Agent", userAgent)
	request.Header.Set("Accept", "image/*, */*;q=0.1")
	request.Header.Set("Accept-Encoding", "identity")
	return request, nil
}
