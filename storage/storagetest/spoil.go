package storagetest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"time"
)

// Saying answers with a body in place of the store's, with whatever is right or
// wrong about it.
func Saying(status int, kind, body string) Fault {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

// Later answers with a status and a Retry-After, which is seconds or a date.
func Later(status int, code, retryAfter string) Fault { return statusWith(status, code, retryAfter) }

// answerOf is what the store says to a request.
func answerOf(r *http.Request, next http.Handler) *httptest.ResponseRecorder {
	answer := httptest.NewRecorder()
	next.ServeHTTP(answer, r)
	return answer
}

// send passes an answer on with another body and a length that may be none of it.
// What the server cannot send of it ends the connection.
func send(w http.ResponseWriter, answer *httptest.ResponseRecorder, body []byte, length int) {
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Length", strconv.Itoa(length))
	w.WriteHeader(answer.Code)
	w.Write(body[:min(len(body), length)])
	if len(body) != length {
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
}

// Flip changes one bit in the middle of the body that the store sends.
func Flip(w http.ResponseWriter, r *http.Request, next http.Handler) {
	answer := answerOf(r, next)
	body := flipped(answer.Body.Bytes())
	send(w, answer, body, len(body))
}

// FlipSent changes one bit in the middle of the body that the store gets.
func FlipSent(w http.ResponseWriter, r *http.Request, next http.Handler) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	r.Body = io.NopCloser(bytes.NewReader(flipped(body)))
	next.ServeHTTP(w, r)
}

func flipped(body []byte) []byte {
	body = bytes.Clone(body)
	if len(body) > 0 {
		body[len(body)/2] ^= 4
	}
	return body
}

// Cut sends the first n bytes of the body as if they were all.
func Cut(n int) Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		answer := answerOf(r, next)
		body := answer.Body.Bytes()
		body = body[:min(n, len(body))]
		send(w, answer, body, len(body))
	}
}

// Announce sends the body under a length that is so many bytes too large or, below
// 0, too small.
func Announce(more int) Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		answer := answerOf(r, next)
		body := answer.Body.Bytes()
		send(w, answer, body, max(0, len(body)+more))
	}
}

// Silent sends the head of the answer and n bytes of its body, and nothing more
// as long as the caller waits.
func Silent(n int) Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		answer := answerOf(r, next)
		body := answer.Body.Bytes()
		for name, values := range answer.Header() {
			w.Header()[name] = values
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		w.WriteHeader(answer.Code)
		w.Write(body[:min(n, len(body))])
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	}
}

// Drip sends the body byte by byte, with a pause behind each.
func Drip(pause time.Duration) Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		answer := answerOf(r, next)
		for name, values := range answer.Header() {
			w.Header()[name] = values
		}
		w.Header().Set("Content-Length", strconv.Itoa(answer.Body.Len()))
		w.WriteHeader(answer.Code)
		for b := range bytes.SplitSeq(answer.Body.Bytes(), nil) {
			w.Write(b)
			w.(http.Flusher).Flush()
			select {
			case <-time.After(pause):
			case <-r.Context().Done():
				panic(http.ErrAbortHandler)
			}
		}
	}
}

// ResetWithin drops the connection within the head of the answer.
func ResetWithin(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
	connection, head, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	head.WriteString("HTTP/1.1 200 OK\r\nContent-Type: appli")
	head.Flush()
	connection.Close()
}

// Idle answers and then closes the connection as if it had been idle for too
// long, without having said so.
func Idle(w http.ResponseWriter, r *http.Request, next http.Handler) {
	answer := answerOf(r, next)
	connection, out, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	defer connection.Close()
	fmt.Fprintf(out, "HTTP/1.1 %d %s\r\n", answer.Code, http.StatusText(answer.Code))
	answer.Header().Set("Content-Length", strconv.Itoa(answer.Body.Len()))
	if announced := answer.Result().Header.Get("Content-Length"); r.Method == http.MethodHead && announced != "" {
		answer.Header().Set("Content-Length", announced)
	}
	answer.Header().Write(out)
	out.WriteString("\r\n")
	if r.Method != http.MethodHead {
		out.Write(answer.Body.Bytes())
	}
	out.Flush()
}

// WithoutRange passes the request on as one for the whole object.
func WithoutRange(w http.ResponseWriter, r *http.Request, next http.Handler) {
	r.Header.Del("Range")
	r.Header.Del("X-Ms-Range")
	next.ServeHTTP(w, r)
}

// ErrorInside is S3's answer to a long operation that failed after the status was
// sent: 200, and an error for a body. The store does not act.
func ErrorInside(code string) Fault {
	return Saying(http.StatusOK, "application/xml",
		`<?xml version="1.0" encoding="UTF-8"?><Error><Code>`+strings.TrimSpace(code)+`</Code><Message>asked for by the test</Message></Error>`)
}
