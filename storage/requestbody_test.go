package storage_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sdl-batch/sdl-batch/storage"
)

// slowSource is a body without an end, each read of which takes a while.
type slowSource struct{ closed atomic.Bool }

func (s *slowSource) Read(p []byte) (int, error) {
	time.Sleep(200 * time.Millisecond)
	return len(p), nil
}

func (s *slowSource) Close() error {
	s.closed.Store(true)
	return nil
}

// Whether the store answers early, or the caller leaves: nobody reads the body
// of a request that has returned.
func TestABodyIsOursAgain(t *testing.T) {
	for name, status := range map[string]int{"answered": http.StatusForbidden, "given up": 0} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if status == 0 {
					cancel()
					io.Copy(io.Discard, r.Body) // ends when the caller is gone
					return
				}
				http.NewResponseController(w).EnableFullDuplex()
				w.WriteHeader(status)
				http.NewResponseController(w).Flush()
			}))
			defer server.Close()
			transport := &http.Transport{}
			defer transport.CloseIdleConnections()
			source := &slowSource{}
			request, err := http.NewRequestWithContext(ctx, http.MethodPut, server.URL, source)
			if err != nil {
				t.Fatal(err)
			}
			response, err := storage.PlainClient(transport).Do(request)
			if (err != nil) != (status == 0) {
				t.Fatal(err)
			}
			if err == nil {
				io.Copy(io.Discard, response.Body)
				response.Body.Close()
			}
			if !source.closed.Load() {
				t.Error("the body is still being read")
			}
		})
	}
}
