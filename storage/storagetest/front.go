package storagetest

import (
	"bytes"
	"fmt"
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
// method and a part of the target, which is the path as it means and the query
// as it is written. It may be used concurrently.
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

// Once queues faults for the next requests of this method whose target contains
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

// Requests counts the requests of this method whose target contains part.
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
	target := r.URL.Path + "?" + r.URL.RawQuery
	f.seen = append(f.seen, r.Method+" "+target)
	for _, rule := range f.rules {
		if rule.method != r.Method || !strings.Contains(target, rule.part) || len(rule.faults) == 0 {
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

// Status answers with an HTTP status and an error code as S3, Google's or
// Azure's store does, whichever is asked; an empty code leaves the body empty.
func Status(status int, code string) Fault { return statusWith(status, code, "") }

// Busy answers with 503 and asks to come back after some seconds.
func Busy(seconds int) Fault { return statusWith(503, "ServerBusy", strconv.Itoa(seconds)) }

func statusWith(status int, code, retryAfter string) Fault {
	return func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		if retryAfter != "" {
			w.Header().Set("Retry-After", retryAfter)
		}
		kind, body := "application/xml", "<Error><Code>"+code+"</Code><Message>asked for by the test</Message></Error>"
		if strings.Contains(r.URL.Path, "/storage/v1/") {
			kind = "application/json"
			body = fmt.Sprintf(`{"error":{"code":%d,"message":"asked for by the test","errors":[{"reason":%q}]}}`, status, code)
		}
		w.Header().Set("Content-Type", kind)
		if code != "" {
			w.Header().Set("x-ms-error-code", code)
		}
		w.WriteHeader(status)
		if r.Method != http.MethodHead && code != "" {
			w.Write([]byte(body))
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

// WithoutCondition passes the request on without its If-None-Match and the
// generation that it expects, as stores do that do not know conditional writes.
func WithoutCondition(w http.ResponseWriter, r *http.Request, next http.Handler) {
	r.Header.Del("If-None-Match")
	query := r.URL.Query()
	query.Del("ifGenerationMatch")
	r.URL.RawQuery = query.Encode()
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
