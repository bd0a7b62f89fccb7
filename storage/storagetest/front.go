package storagetest

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Fault answers a request in place of the store, or spoils its answer.
type Fault func(w http.ResponseWriter, r *http.Request, next http.Handler)

// Front stands before a store and applies the faults that are queued for a
// method and a part of the path. It may be used concurrently.
type Front struct {
	next http.Handler

	mu    sync.Mutex
	rules []*rule
	seen  []string
}

type rule struct {
	method, part string
	faults       []Fault
	forever      bool
}

// NewFront returns a front that lets everything through.
func NewFront(next http.Handler) *Front { return &Front{next: next} }

// Once queues faults for the next requests of this method whose path contains
// part, one each; later requests pass.
func (f *Front) Once(method, part string, faults ...Fault) {
	f.add(&rule{method: method, part: part, faults: faults})
}

// Always applies a fault to every such request.
func (f *Front) Always(method, part string, fault Fault) {
	f.add(&rule{method: method, part: part, faults: []Fault{fault}, forever: true})
}

func (f *Front) add(r *rule) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rules = append(f.rules, r)
}

// Requests counts the requests of this method whose path contains part.
func (f *Front) Requests(method, part string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, line := range f.seen {
		if strings.HasPrefix(line, method+" ") && strings.Contains(line, part) {
			n++
		}
	}
	return n
}

// ServeHTTP implements http.Handler.
func (f *Front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if fault := f.take(r); fault != nil {
		fault(w, r, f.next)
		return
	}
	f.next.ServeHTTP(w, r)
}

// take notes the request and returns the fault that is due.
func (f *Front) take(r *http.Request) Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seen = append(f.seen, r.Method+" "+r.URL.Path)
	for _, rule := range f.rules {
		if rule.method != r.Method || !strings.Contains(r.URL.Path, rule.part) || len(rule.faults) == 0 {
			continue
		}
		fault := rule.faults[0]
		if !rule.forever {
			rule.faults = rule.faults[1:]
		}
		return fault
	}
	return nil
}

// Status answers with an HTTP status and an S3 error code.
func Status(status int, code string) Fault {
	return func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(status)
		if r.Method != http.MethodHead && code != "" {
			w.Write([]byte("<Error><Code>" + code + "</Code><Message>asked for by the test</Message></Error>"))
		}
	}
}

// Reset drops the connection without an answer.
func Reset(http.ResponseWriter, *http.Request, http.Handler) {
	panic(http.ErrAbortHandler)
}

// DropReply lets the store act on the request and then drops the connection.
func DropReply(_ http.ResponseWriter, r *http.Request, next http.Handler) {
	next.ServeHTTP(httptest.NewRecorder(), r)
	panic(http.ErrAbortHandler)
}

// Truncate announces the whole body and drops the connection after n bytes.
func Truncate(n int) Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		answer := httptest.NewRecorder()
		next.ServeHTTP(answer, r)
		for name, values := range answer.Header() {
			w.Header()[name] = values
		}
		body := answer.Body.Bytes()
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		w.WriteHeader(answer.Code)
		w.Write(body[:min(n, len(body))])
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
}

// Delay passes the request on after a while, or never where its caller left.
func Delay(d time.Duration) Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		// A server notices that its caller left once the body is read.
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		select {
		case <-time.After(d):
			next.ServeHTTP(w, r)
		case <-r.Context().Done():
		}
	}
}

// WithoutCondition passes the request on without its If-None-Match, as stores
// do that do not know conditional writes.
func WithoutCondition(w http.ResponseWriter, r *http.Request, next http.Handler) {
	r.Header.Del("If-None-Match")
	next.ServeHTTP(w, r)
}

// WithoutLength sends the body of an answer in chunks, its length untold.
func WithoutLength(w http.ResponseWriter, r *http.Request, next http.Handler) {
	answer := httptest.NewRecorder()
	next.ServeHTTP(answer, r)
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	w.Header().Del("Content-Length")
	w.WriteHeader(answer.Code)
	w.(http.Flusher).Flush()
	w.Write(answer.Body.Bytes())
}
