package storagetest

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
)

// Behind puts a front before the server of a folder URI until the test ends,
// and returns it with the URI that leads through it.
func Behind(t testing.TB, folder string) (*Front, string) {
	t.Helper()
	bucket, query, _ := strings.Cut(folder, "?")
	options, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	target, err := url.Parse(options.Get("endpoint"))
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	front := NewFront(proxy(target, transport))
	server := httptest.NewUnstartedServer(front)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Start()
	t.Cleanup(func() {
		server.Close()
		transport.CloseIdleConnections()
	})
	options.Set("endpoint", server.URL+target.Path)
	return front, bucket + "?" + options.Encode()
}

// proxy passes requests on as they are: signatures cover the host. Where the
// server names itself in an answer, the name of the front stands.
func proxy(target *url.URL, transport http.RoundTripper) http.Handler {
	return &httputil.ReverseProxy{
		Transport: transport,
		ErrorLog:  log.New(io.Discard, "", 0),
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = target.Scheme, target.Host, r.In.Host
		},
		ModifyResponse: func(r *http.Response) error {
			if location := r.Header.Get("Location"); location != "" {
				r.Header.Set("Location", strings.Replace(location, target.Host, r.Request.Host, 1))
			}
			return nil
		},
	}
}
