package storage_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/storagetest"
)

// front serves an S3 store that holds data as "x" behind a front. The bucket
// has no connection yet: one that was used before is replaced by net/http
// without asking anybody when it is found dead.
func front(t *testing.T, data []byte) (*storagetest.Front, *storage.Bucket) {
	f := storagetest.NewFront(storagetest.NewS3(t))
	uri := storagetest.Serve(t, f)
	put(t, open(t, uri), "x", data)
	return f, open(t, uri)
}

// What S3 says with codes of its own; see TestEveryVendorReadsThroughFaults.
func TestS3ReadsThroughFaults(t *testing.T) {
	cases := map[string]struct {
		faults   []storagetest.Fault
		kind     error // nil: the read succeeds
		attempts int
	}{
		"none":                  {nil, nil, 1},
		"400 request timeout":   {faults(1, storagetest.Status(400, "RequestTimeout")), nil, 2},
		"400 expired":           {faults(1, storagetest.Status(400, "ExpiredToken")), storage.ErrPermission, 1},
		"404 no bucket":         {faults(1, storagetest.Status(404, "NoSuchBucket")), storage.ErrNoBucket, 1},
		"301 another region":    {faults(1, storagetest.Status(301, "PermanentRedirect")), storage.ErrInvalid, 1},
		"400 another region":    {faults(1, storagetest.Status(400, "AuthorizationHeaderMalformed")), storage.ErrInvalid, 1},
		"delayed within limits": {faults(1, storagetest.Delay(20*time.Millisecond)), nil, 1},
	}
	data := payload(300_000)
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			f, b := front(t, data)
			f.Once("GET", "/x", c.faults...)
			got, attrs, err := b.ReadAll(t.Context(), "x", 1<<20)
			if c.kind != nil {
				want(t, err, c.kind)
			} else if err != nil || !bytes.Equal(got, data) {
				t.Errorf("%d bytes, %v", len(got), err)
			}
			if attrs.Attempts != c.attempts || f.Requests("GET", "/x") != c.attempts {
				t.Errorf("%d attempts, %d requests, want %d", attrs.Attempts, f.Requests("GET", "/x"), c.attempts)
			}
		})
	}
}

func faults(n int, fault storagetest.Fault) []storagetest.Fault {
	list := make([]storagetest.Fault, n)
	for i := range list {
		list[i] = fault
	}
	return list
}

// notHTTP answers with bytes that are no HTTP.
func notHTTP(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
	connection, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	connection.Write([]byte("SSH-2.0-server\r\n\r\n"))
	connection.Close()
}

func TestConnectionRefused(t *testing.T) {
	b := open(t, storagetest.FolderURI("http://127.0.0.1:1"))
	_, err := b.Stat(t.Context(), "x")
	want(t, err, storage.ErrTransient)
}

func TestBackoffIsReported(t *testing.T) {
	f := storagetest.NewFront(storagetest.NewS3(t))
	folder := storagetest.Serve(t, f)
	put(t, open(t, folder), "x", nil)
	var uris []string
	b, err := storage.OpenWith(t.Context(), folder, storage.Options{
		Retry: quick,
		OnBackoff: func(uri string, attempt int, delay time.Duration) {
			uris = append(uris, uri)
			if attempt != len(uris) || delay <= 0 || delay > quick.MaxDelay {
				t.Errorf("attempt %d, delay %v", attempt, delay)
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	f.Once("GET", "/x", faults(2, storagetest.Reset)...)
	called := 0
	ctx := storage.OnBackoff(t.Context(), func(attempt int, _ time.Duration) { called = attempt })
	if _, _, err := b.ReadAll(ctx, "x", 10); err != nil {
		t.Fatal(err)
	}
	if len(uris) != 2 || uris[0] != "s3://lake/x" || called != 2 {
		t.Errorf("told %q, the context's hook %d times", uris, called)
	}
}

func TestCancelDuringBackoff(t *testing.T) {
	f := storagetest.NewFront(storagetest.NewS3(t))
	f.Always("GET", "", storagetest.Reset)
	slow := storage.Policy{BaseDelay: time.Hour, MaxDelay: time.Hour}
	b, err := storage.OpenWith(t.Context(), storagetest.Serve(t, f), storage.Options{Retry: slow})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	ctx, cancel := context.WithCancel(t.Context())
	ctx = storage.OnBackoff(ctx, func(int, time.Duration) { cancel() })
	_, _, err = b.ReadAll(ctx, "x", 10)
	want(t, err, context.Canceled)
}

// An upload in parts that fails is ended, so that the store keeps no orphans.
func TestS3UploadIsEnded(t *testing.T) {
	f, b := front(t, nil)
	f.Always("PUT", "/y", storagetest.Reset)
	w, err := b.NewWriter(t.Context(), "y")
	if err != nil {
		t.Fatal(err)
	}
	_, writing := w.Write(payload(parts))
	want(t, errors.Join(writing, w.Close()), storage.ErrTransient)
	if f.Requests("DELETE", "/y") == 0 {
		t.Error("the upload was not aborted")
	}
}
