package storage_test

import (
	"bytes"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/storagetest"
)

// slowly lets the store answer, and stalls before the last byte of the body.
func slowly(w http.ResponseWriter, r *http.Request, next http.Handler) {
	next.ServeHTTP(&stalling{ResponseWriter: w, request: r}, r)
}

type stalling struct {
	http.ResponseWriter
	request *http.Request
}

func (s *stalling) Write(p []byte) (int, error) {
	s.ResponseWriter.Write(p[:len(p)-1])
	s.ResponseWriter.(http.Flusher).Flush()
	<-s.request.Context().Done()
	return 0, s.request.Context().Err()
}

func TestStalledBodies(t *testing.T) {
	policy := storage.Policy{Attempts: 3, BaseDelay: 1, MaxDelay: 1, AttemptTimeout: 400 * time.Millisecond}
	for _, v := range vendors {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			f, folder := storagetest.Behind(t, v.folder(t))
			put(t, open(t, folder), "x", []byte("hello"))
			b, err := storage.OpenWith(t.Context(), folder, storage.Options{Retry: policy})
			if err != nil {
				t.Fatal(err)
			}
			defer b.Close()
			v.read.once(f, "x", slowly)
			if data, attrs, err := b.ReadAll(t.Context(), "x", 10); err != nil || string(data) != "hello" || attrs.Attempts != 2 {
				t.Errorf("%q, %+v, %v", data, attrs, err)
			}
			v.read.once(f, "x", slowly)
			r, err := b.NewReader(t.Context(), "x")
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			if data, err := io.ReadAll(r); err != nil || string(data) != "hello" {
				t.Errorf("%q, %v", data, err)
			}
		})
	}
}

func TestReaderGivesUp(t *testing.T) {
	f, b := front(t, payload(1000))
	f.Once("GET", "/x", append(faults(1, storagetest.Truncate(10)), faults(4, storagetest.Reset)...)...)
	r, err := b.NewReader(t.Context(), "x")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	_, err = io.ReadAll(r)
	want(t, err, storage.ErrTransient)
}

func TestReaderAtThroughFaults(t *testing.T) {
	data := payload(2 << 20)
	f, b := front(t, data)
	r, err := b.OpenAt(t.Context(), "x")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	f.Once("GET", "/x", storagetest.Truncate(10), storagetest.Status(503, "SlowDown"), storagetest.Reset)
	p := make([]byte, 1<<20)
	if _, err := r.ReadAt(p, 5); err != nil || !bytes.Equal(p, data[5:5+len(p)]) {
		t.Error(err)
	}
}
