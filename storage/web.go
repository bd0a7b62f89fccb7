package storage

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	// silentTries is how often a read tries a host that gives no answer.
	silentTries = 3
	// defaultPerHost is how many requests one host gets at once.
	defaultPerHost = 8
	// maxVersion bounds what a host may say as its version.
	maxVersion = 256
)

// web reads images from web hosts that a rule opens.
type web struct {
	rule      webRule
	retry     retrier
	hosts     webHosts
	transport *http.Transport
	client    *http.Client
}

// newWeb opens nothing yet; perHost 0 is the default.
func newWeb(rule webRule, perHost int, retry retrier) *web {
	if perHost == 0 {
		perHost = defaultPerHost
	}
	w := &web{rule: rule, retry: retry, hosts: webHosts{perHost: perHost, byName: map[string]*webHost{}}}
	w.dial(dialing{public: checkPublic})
	return w
}

func (w *web) dial(d dialing) {
	w.transport = d.transport(w.hosts.perHost)
	w.client = w.rule.client(w.transport)
}

func (w *web) close() { w.transport.CloseIdleConnections() }

// read is Objects.Read for a web address. One attempt costs one request and its
// redirects.
func (w *web) read(ctx context.Context, uri string, buf []byte, maxBytes int64) ([]byte, Attrs, error) {
	u, err := parseWeb(uri)
	if err == nil {
		err = w.rule.check(u)
	}
	if err != nil {
		return buf[:0], Attrs{Attempts: 1}, err
	}
	host := w.hosts.enter(u.Scheme + "://" + u.Host)
	defer w.hosts.leave(host)
	defer host.undecided()
	r := webRead{web: w, host: host, url: u, buf: buf, maxBytes: maxBytes}
	tried, err := w.retry.repeat(ctx, Redact(uri), func() error { return r.try(ctx) })
	r.attrs.Attempts = tried
	if err != nil {
		return r.buf[:0], r.attrs, settled(err)
	}
	return r.buf, r.attrs, nil
}

// webRead is one read on its way.
type webRead struct {
	web      *web
	host     *webHost
	url      *url.URL
	buf      []byte
	maxBytes int64
	attrs    Attrs
	silent   int // tries without an answer
}

// gaveUp hides an ErrTransient that another try would not cure.
type gaveUp struct{ err error }

func (g gaveUp) Error() string { return g.err.Error() }

// settled uncovers the error that gaveUp hides.
func settled(err error) error {
	var g gaveUp
	if errors.As(err, &g) {
		return g.err
	}
	return err
}

// try waits for the host's turn, which is no part of the attempt's time, and
// makes one attempt.
func (r *webRead) try(ctx context.Context) error {
	done, err := r.host.turn(ctx)
	if errors.Is(err, errQuiet) {
		return gaveUp{err}
	}
	if err != nil {
		return err
	}
	defer done()
	answered := false
	err = r.web.retry.once(ctx, func(ctx context.Context) (err error) {
		answered, err = r.ask(ctx)
		return err
	})
	if answered || !errors.Is(err, ErrTransient) {
		return err
	}
	r.silent++
	if r.host.miss(r.silent >= silentTries) {
		return gaveUp{err}
	}
	return err
}

// ask makes one request and reads its answer. answered tells that the host
// said something, be it a redirect or that it is overloaded.
func (r *webRead) ask(ctx context.Context) (answered bool, err error) {
	request, err := webRequest(context.WithValue(ctx, movedKey{}, &answered), r.url.String())
	if err != nil {
		return false, err
	}
	response, err := r.web.client.Do(request)
	if err != nil {
		return answered, webError(ctx, err)
	}
	defer response.Body.Close()
	r.host.answered()
	if err := webStatus(response.StatusCode); err != nil {
		return true, r.later(response, err)
	}
	r.buf, err = readBody(response.Body, response.ContentLength, r.buf, r.maxBytes)
	r.attrs = webAttrs(response.Header, int64(len(r.buf)))
	if err != nil {
		return true, webError(ctx, err)
	}
	return true, nil
}

// later heeds the time that an overloaded host asks for.
func (r *webRead) later(response *http.Response, err error) error {
	wait := retryAfter(response, time.Now())
	if wait <= 0 || !errors.Is(err, ErrTransient) {
		return err
	}
	if wait > maxPause {
		r.host.silent(wait)
		return gaveUp{err}
	}
	r.host.pause(wait)
	return err
}

// retryAfter is the wait that an answer asks for, in seconds or as a date; 0 where
// it asks for none.
func retryAfter(response *http.Response, now time.Time) time.Duration {
	if response.StatusCode != http.StatusTooManyRequests && response.StatusCode != http.StatusServiceUnavailable {
		return 0
	}
	text := strings.TrimSpace(response.Header.Get("Retry-After"))
	if seconds, err := strconv.ParseInt(text, 10, 32); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return at.Sub(now)
	}
	return 0
}

// webAttrs describes an object by its answer's head.
func webAttrs(head http.Header, size int64) Attrs {
	version := head.Get("ETag")
	if version == "" {
		version = head.Get("Last-Modified")
	}
	if len(version) > maxVersion {
		version = version[:maxVersion]
	}
	modified, _ := http.ParseTime(head.Get("Last-Modified"))
	return Attrs{Size: size, Version: strings.ToValidUTF8(version, "?"), ModTime: modified}
}
