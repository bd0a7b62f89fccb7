package storage_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sdl-batch/sdl-batch/storage"
)

// publicly is an address of this machine that tests take for a public one;
// 127.0.0.1 stays what it is.
var publicly = netip.MustParseAddr("127.0.0.2")

// webServer serves on an address and returns http://address:port.
func webServer(t *testing.T, address string, handler http.HandlerFunc) string {
	t.Helper()
	listener, err := net.Listen("tcp", net.JoinHostPort(address, "0"))
	if err != nil {
		t.Skipf("SKIPPED, NOT PASSED: no %s on this machine: %v", address, err)
	}
	s := &httptest.Server{Listener: listener, Config: &http.Server{Handler: handler}}
	s.Start()
	t.Cleanup(s.Close)
	return s.URL
}

// asking returns a reader that takes publicly for a public address, and any port.
func asking(t *testing.T, retry storage.Policy, servers ...string) *storage.Objects {
	t.Helper()
	var rule []string
	for _, s := range servers {
		rule = append(rule, "*"+s[strings.LastIndexByte(s, ':'):])
	}
	o := objects(t, storage.ObjectsOptions{AllowHTTP: rule, Retry: retry})
	storage.DialWith(o, nil, publicly)
	return o
}

func TestWebImages(t *testing.T) {
	modified := time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)
	server := webServer(t, "127.0.0.2", func(w http.ResponseWriter, r *http.Request) {
		if h := r.Header; r.Method != "GET" || h.Get("Accept-Encoding") != "identity" || !strings.HasPrefix(h.Get("User-Agent"), "sdl-batch ") || h.Get("Cookie")+h.Get("Referer")+h.Get("Authorization") != "" {
			t.Errorf("%s with %v", r.Method, h)
		}
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "b"})
		switch r.URL.EscapedPath() {
		case "/a%20b%2Fc", "/%C3%BC%7C":
			w.Header().Set("ETag", `"`+r.URL.RawQuery+`"`)
			fmt.Fprint(w, "hello")
		case "/dated":
			w.Header().Set("Last-Modified", modified.Format(http.TimeFormat))
			w.(http.Flusher).Flush() // without a length
			fmt.Fprint(w, "hello")
		case "/moved":
			http.Redirect(w, r, "/a%20b%2Fc?q=1", http.StatusFound)
		default:
			http.NotFound(w, r)
		}
	})
	o := asking(t, quick, server)
	reads(t, o, "hello", server+"/a b%2Fc?q=1#part", server+"/moved", server+"/dated", server+"/ü|", strings.Replace(server, "http", "HTTP", 1)+"/dated")
	_, attrs, err := o.Read(t.Context(), server+"/moved", nil, 5)
	if err != nil || attrs.Version != `"q=1"` {
		t.Errorf("%+v, %v", attrs, err)
	}
	if _, attrs, err = o.Read(t.Context(), server+"/dated", nil, 5); err != nil || attrs.Version != modified.Format(http.TimeFormat) || !attrs.ModTime.Equal(modified) {
		t.Errorf("%+v, %v", attrs, err)
	}
	refuses(t, o, storage.ErrNotExist, server+"/nothing?sig=canary")
}

func TestAddressesOfThisMachineAreNotAsked(t *testing.T) {
	asked := false
	server := webServer(t, "127.0.0.1", func(http.ResponseWriter, *http.Request) { asked = true })
	_, port, _ := strings.Cut(strings.TrimPrefix(server, "http://"), ":")
	o := objects(t, storage.ObjectsOptions{AllowHTTP: []string{"*", "*:" + port}})
	refuses(t, o, storage.ErrNotAllowed, server, "http://localhost:"+port, "http://[::1]:"+port, "http://[::ffff:127.0.0.1]:"+port,
		"http://0.0.0.0:"+port, "http://[::]:"+port, "https://127.0.0.1:"+port)
	if asked {
		t.Error("the server was asked")
	}
}

func TestRedirectsThatAreNotFollowed(t *testing.T) {
	asked, hops := false, 0
	inside := webServer(t, "127.0.0.1", func(http.ResponseWriter, *http.Request) { asked = true })
	var server string
	server = webServer(t, "127.0.0.2", func(w http.ResponseWriter, r *http.Request) {
		to := map[string]string{
			"/inside": inside, "/metadata": "http://169.254.169.254:" + inside[strings.LastIndexByte(inside, ':')+1:] + "/latest",
			"/port": "http://127.0.0.2:1/", "/file": "file:///etc/passwd", "/userinfo": strings.Replace(server, "//", "//u:canary@", 1) + "/x", "/loop": "/loop",
		}[r.URL.Path]
		if r.URL.Path == "/loop" {
			hops++
		}
		w.Header().Set("Location", to)
		w.WriteHeader(http.StatusFound)
	})
	o := asking(t, quick, server, inside)
	refuses(t, o, storage.ErrNotAllowed, server+"/inside", server+"/metadata", server+"/port")
	refuses(t, o, storage.ErrInvalid, server+"/file", server+"/userinfo", server+"/loop")
	if asked {
		t.Error("the server inside was asked")
	}
	if hops != 6 {
		t.Errorf("a loop was followed %d times", hops-1)
	}
}

func TestRedirectsDoNotLeaveHTTPS(t *testing.T) {
	plain := webServer(t, "127.0.0.2", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "hello") })
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, plain, http.StatusFound) }))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	o := asking(t, quick, plain, server.URL)
	storage.DialWith(o, nil, publicly, netip.MustParseAddr("127.0.0.1"))
	_, _, err := o.Read(t.Context(), server.URL, nil, 9)
	want(t, err, storage.ErrInvalid)
	if err == nil || !strings.Contains(err.Error(), "certificate is not trusted") {
		t.Error(err)
	}
	storage.Trust(o, server.Certificate())
	refuses(t, o, storage.ErrNotAllowed, server.URL)
}

// TestNamesThatChangeTheirAddress: the first look-up gives a public address, the
// second one inside.
func TestNamesThatChangeTheirAddress(t *testing.T) {
	outside := webServer(t, "127.0.0.2", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		w.Header().Set("ETag", "v")
		fmt.Fprint(w, "hello")
	})
	_, port, _ := strings.Cut(strings.TrimPrefix(outside, "http://"), ":")
	inside, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		t.Skipf("SKIPPED, NOT PASSED: the port is taken: %v", err)
	}
	defer inside.Close()
	var lookups atomic.Int64
	resolver := nameServer(t, func() [4]byte {
		if lookups.Add(1) == 1 {
			return publicly.As4()
		}
		return [4]byte{127, 0, 0, 1}
	})
	o := asking(t, quick, outside)
	storage.DialWith(o, resolver, publicly)
	reads(t, o, "hello", "http://rebind.example:"+port)
	refuses(t, o, storage.ErrNotAllowed, "http://rebind.example:"+port)
	if lookups.Load() < 2 {
		t.Errorf("%d look-ups", lookups.Load())
	}
	_, _, err = o.Read(t.Context(), "http://missing.invalid:"+port, nil, 1)
	want(t, err, storage.ErrNoHost)
}

func TestAnswersOfWebHosts(t *testing.T) {
	kinds := map[int]error{
		204: storage.ErrInvalid, 206: storage.ErrInvalid, 304: storage.ErrInvalid, 400: storage.ErrInvalid, 405: storage.ErrInvalid, 501: storage.ErrInvalid,
		401: storage.ErrPermission, 403: storage.ErrPermission, 451: storage.ErrPermission, 404: storage.ErrNotExist, 410: storage.ErrNotExist,
		408: storage.ErrTransient, 429: storage.ErrTransient, 500: storage.ErrTransient, 503: storage.ErrTransient, 520: storage.ErrTransient,
	}
	server := webServer(t, "127.0.0.2", func(w http.ResponseWriter, r *http.Request) {
		var status int
		fmt.Sscanf(r.URL.Path, "/%d", &status)
		w.WriteHeader(status)
	})
	o := asking(t, quick, server)
	for status, kind := range kinds {
		_, attrs, err := o.Read(t.Context(), fmt.Sprintf("%s/%d?sig=canary", server, status), nil, 1)
		want(t, err, kind)
		if tries := attrs.Attempts; (kind == storage.ErrTransient) != (tries == quick.Attempts) || strings.Contains(fmt.Sprint(err), "canary") {
			t.Errorf("%d: %d tries, %v", status, tries, err)
		}
	}
}

func TestBodiesOfWebHosts(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	fmt.Fprint(z, "hello")
	z.Close()
	server := webServer(t, "127.0.0.2", func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/short":
			w.Header().Set("Content-Length", "10")
			fmt.Fprint(w, "hello")
		case "/broken":
			fmt.Fprint(w, "hello")
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		case "/huge":
			w.Header().Set("Content-Length", "1000000000000")
			fmt.Fprint(w, "hello")
		case "/endless":
			for r.Context().Err() == nil {
				w.Write(make([]byte, 1<<10))
			}
		case "/packed":
			w.Header().Set("Content-Encoding", "gzip")
			w.Header().Set("ETag", "v")
			w.Write(packed.Bytes())
		}
	})
	o := asking(t, quick, server)
	refuses(t, o, storage.ErrTransient, server+"/short", server+"/broken")
	refuses(t, o, storage.ErrTooLarge, server+"/huge", server+"/endless")
	reads(t, o, packed.String(), server+"/packed")
}

func TestAWebHostThatDripsIsCutOff(t *testing.T) {
	server := webServer(t, "127.0.0.2", func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			fmt.Fprint(w, "x")
			w.(http.Flusher).Flush()
			time.Sleep(2 * time.Millisecond)
		}
	})
	policy := storage.Policy{Attempts: 2, BaseDelay: 1, MaxDelay: 1, AttemptTimeout: 50 * time.Millisecond}
	_, attrs, err := asking(t, policy, server).Read(t.Context(), server, nil, 1<<20)
	want(t, err, storage.ErrTransient)
	if attrs.Attempts != 2 {
		t.Errorf("%d attempts", attrs.Attempts)
	}
}

func TestRetryAfterIsHeeded(t *testing.T) {
	var asked atomic.Int64
	server := webServer(t, "127.0.0.2", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", "v")
		if asked.Add(1) == 1 || r.URL.Path == "/later" {
			w.Header().Set("Retry-After", map[string]string{"/": "1", "/later": "3600"}[r.URL.Path])
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		fmt.Fprint(w, "hello")
	})
	o := asking(t, quick, server)
	start := time.Now()
	body, attrs, err := o.Read(t.Context(), server+"/", nil, 9)
	if err != nil || string(body) != "hello" || attrs.Attempts != 2 || time.Since(start) < 900*time.Millisecond {
		t.Errorf("%q, %+v, %v after %v", body, attrs, err, time.Since(start))
	}
	// An hour is too long to wait for, and for others of this host, too.
	before := asked.Load()
	refuses(t, o, storage.ErrTransient, server+"/later", server+"/")
	if asked.Load() != before+1 {
		t.Errorf("%d requests", asked.Load()-before)
	}
}

func TestAHostThatIsSilentIsLeftAlone(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.2:0")
	if err != nil {
		t.Skipf("SKIPPED, NOT PASSED: %v", err)
	}
	server := "http://" + listener.Addr().String()
	up := webServer(t, "127.0.0.2", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("ETag", "v"); fmt.Fprint(w, "hello") })
	listener.Close() // refuses connections
	o := asking(t, storage.Policy{Attempts: 5, BaseDelay: 1, MaxDelay: 1}, server, up)
	for i, tries := range []int{3, 1, 1} {
		_, attrs, err := o.Read(t.Context(), server, nil, 9)
		want(t, err, storage.ErrTransient)
		if attrs.Attempts != tries {
			t.Errorf("read %d: %d attempts, %v", i, attrs.Attempts, err)
		}
	}
	reads(t, o, "hello", up)
	storage.EndQuiet(o, server)
	if _, attrs, _ := o.Read(t.Context(), server, nil, 9); attrs.Attempts != 1 {
		t.Errorf("after a while: %d attempts", attrs.Attempts)
	}
	storage.EndQuiet(o, server)
	o.Read(ended(t), server, nil, 9) // a try that was broken off is none
	again, err := net.Listen("tcp", listener.Addr().String())
	if err != nil {
		t.Skipf("SKIPPED, NOT PASSED: %v", err)
	}
	asked, answer := make(chan struct{}), make(chan struct{})
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/first" {
			close(asked)
			<-answer
		}
		w.Header().Set("ETag", "v")
		fmt.Fprint(w, "hello")
	})}
	go s.Serve(again)
	defer s.Close()
	first := make(chan error)
	go func() { _, _, err := o.Read(t.Context(), server+"/first", nil, 9); first <- err }()
	<-asked
	refuses(t, o, storage.ErrTransient, server) // one read tries, alone
	close(answer)
	if err := <-first; err != nil || storage.IsQuiet(o, server) {
		t.Errorf("%v; quiet: %v", err, storage.IsQuiet(o, server))
	}
	reads(t, o, "hello", server, server)
}

func TestOneWebHostGetsFewRequestsAtOnce(t *testing.T) {
	var now, most atomic.Int64
	server := webServer(t, "127.0.0.2", func(w http.ResponseWriter, _ *http.Request) {
		most.Store(max(most.Load(), now.Add(1)))
		time.Sleep(5 * time.Millisecond)
		now.Add(-1)
	})
	o := objects(t, storage.ObjectsOptions{AllowHTTP: []string{"*" + server[strings.LastIndexByte(server, ':'):]}, PerHost: 2})
	storage.DialWith(o, nil, publicly)
	done := make(chan error)
	for range 12 {
		go func() { _, _, err := o.Read(t.Context(), server, nil, 9); done <- err }()
	}
	for range 12 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if most.Load() != 2 {
		t.Errorf("%d at once", most.Load())
	}
}

func TestHostsAreForgotten(t *testing.T) {
	o := objects(t, storage.ObjectsOptions{AllowHTTP: []string{"*"}})
	for i := range 5000 {
		if _, _, err := o.Read(ended(t), fmt.Sprintf("http://h%d.example/", i), nil, 9); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	if n := storage.RememberedHosts(o); n > 4096 {
		t.Errorf("%d hosts", n)
	}
}

// TestAHostThatWasThereIsWaitedFor: it may be started anew.
func TestAHostThatWasThereIsWaitedFor(t *testing.T) {
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("ETag", "v"); fmt.Fprint(w, "hello") })
	listener, err := net.Listen("tcp", "127.0.0.2:0")
	if err != nil {
		t.Skipf("SKIPPED, NOT PASSED: %v", err)
	}
	first := &http.Server{Handler: handler}
	go first.Serve(listener)
	server := "http://" + listener.Addr().String()
	o := asking(t, storage.Policy{Attempts: 5, BaseDelay: 1, MaxDelay: 1}, server)
	reads(t, o, "hello", server)
	first.Close()
	second := &http.Server{Handler: handler}
	defer second.Close()
	time.AfterFunc(300*time.Millisecond, func() {
		if again, err := net.Listen("tcp", listener.Addr().String()); err == nil {
			second.Serve(again)
		}
	})
	body, attrs, err := o.Read(t.Context(), server, nil, 9)
	if err != nil || string(body) != "hello" || attrs.Attempts != 4 {
		t.Errorf("%q, %d attempts, %v", body, attrs.Attempts, err)
	}
}
