package storage_test

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/sdl-batch/sdl-batch/storage"
)

func TestWebHostsThatARuleOpens(t *testing.T) {
	cases := []struct{ pattern, open, shut string }{
		{"*", "http://127.0.0.1/ https://127.0.0.1/ HTTPS://127.0.0.1:443/ http://[::1]/", "http://127.0.0.1:8080/ http://127.0.0.1:443/ https://127.0.0.1:80/"},
		{"*:8080", "http://127.0.0.1:8080/", "http://127.0.0.1/"},
		{"LocalHost", "http://localhost/ https://LOCALHOST./x", "http://127.0.0.1/ http://localhost:8080/ http://a.localhost/ http://localhost.evil.example/"},
		{"*.localhost", "http://a.localhost/ http://a.b.localhost/", "http://localhost/ http://alocalhost/ http://a.localhost.evil.example/"},
		{"localhost:8080", "http://localhost:8080/", "http://localhost/ http://localhost:80/"},
		{"[::1]:8080", "http://[::1]:8080/", "http://[::1]/ http://[::2]:8080/"},
		{"[::1]", "http://[::1]/", "http://[::1]:8080/"},
	}
	for _, c := range cases {
		o := objects(t, storage.ObjectsOptions{AllowHTTP: []string{"unused.example", c.pattern}})
		for uri := range strings.FieldsSeq(c.open) { // what the rule opens, the address then shuts
			if _, _, err := o.Read(ended(t), uri, nil, 1); !errors.Is(err, context.Canceled) {
				t.Errorf("%s, %s: %v", c.pattern, uri, err)
			}
		}
		refuses(t, o, storage.ErrNotAllowed, strings.Fields(c.shut)...)
	}
}

// ended is a context under which nothing is asked.
func ended(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

func TestWebHostsThatAreNone(t *testing.T) {
	good := []string{"*", "*:8443", "a.example", "*.example", "*.example:81", "127.0.0.1:80", "[::1]", "[::1]:80"}
	if err := storage.CheckWebHosts(good); err != nil {
		t.Error(err)
	}
	for _, p := range []string{"", "*.", ".", "*a", "a*", "a.*.b", "*.*.a", "http://a", "a/b", "a:", "a:http", "a b", "me@a", "a?b"} {
		err := storage.CheckWebHosts([]string{"*", p})
		want(t, err, storage.ErrInvalid)
		refuses(t, objects(t, storage.ObjectsOptions{AllowHTTP: []string{p}}), storage.ErrInvalid, "http://a/x")
	}
}

func TestWebImagesAreOffUnlessAllowed(t *testing.T) {
	o := objects(t, storage.ObjectsOptions{Base: "mem://m"})
	refuses(t, o, storage.ErrNotAllowed, "http://example.org/x", "https://example.org/x", "HTTP://127.0.0.1/")
}

func TestMalformedWebAddresses(t *testing.T) {
	o := objects(t, storage.ObjectsOptions{AllowHTTP: []string{"*"}})
	for _, uri := range []string{"http://", "http:///x", "http://?x", "http://h:x/", "http://h:/", "http://h:99999999/", "http://[::1/x", "http://h/%zz", "http://h/\x01",
		"http://u:canary@h/x", "http://canary@h/x", "http://a b/x"} {
		_, _, err := o.Read(ended(t), uri, nil, 1)
		if uri != "http://h:99999999/" { // which no rule opens
			want(t, err, storage.ErrInvalid)
		}
		if err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%q: %v", uri, err)
		}
	}
}

// TestWebAddressesAreNoFolders: neither tables nor models lie on the web.
func TestWebAddressesAreNoFolders(t *testing.T) {
	_, err := storage.Open(t.Context(), "https://h/x?sig=canary")
	want(t, err, storage.ErrUnsupported)
	if !strings.Contains(err.Error(), "copy the file") || strings.Contains(err.Error(), "canary") {
		t.Error(err)
	}
	if _, _, err := storage.SplitURI("http://h/images.txt"); !errors.Is(err, storage.ErrUnsupported) {
		t.Error(err)
	}
}

// FuzzWebAddress: a web address has a host or is ErrInvalid, and hosts that the
// rule does not open are not asked.
func FuzzWebAddress(f *testing.F) {
	for _, uri := range []string{"http://127.0.0.1/x", "https://[::1]:443/", "http://0x7f.1/", "http://a.allowed.example/", "http://u@h/", "http://%31/",
		"http://h\\@127.0.0.1/", "http://h/.allowed.example", "http://allowed.example.evil/"} {
		f.Add(uri)
	}
	f.Fuzz(func(t *testing.T, uri string) {
		if !storage.IsWeb(uri) {
			return
		}
		o := storage.NewObjects(storage.ObjectsOptions{AllowHTTP: []string{"*.allowed.example"}})
		defer o.Close()
		host := storage.WebHost(uri)
		_, _, err := o.Read(ended(t), uri, nil, 1)
		switch {
		case host == "":
			want(t, err, storage.ErrInvalid)
		case errors.Is(err, context.Canceled): // it would be asked
			if u, err := url.Parse(host); err != nil || !strings.HasSuffix(strings.TrimSuffix(u.Hostname(), "."), ".allowed.example") {
				t.Errorf("%q: %s is asked", uri, host)
			}
		default:
			want(t, err, storage.ErrNotAllowed)
		}
	})
}
