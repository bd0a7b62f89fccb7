package storage_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/storagetest"
)

// What every vendor's client is kept from repeating by itself is repeated by
// this package, once for each attempt.
func TestEveryVendorReadsThroughFaults(t *testing.T) {
	cases := map[string]struct {
		faults   []storagetest.Fault
		kind     error // nil: the read succeeds
		attempts int
	}{
		"500":                 {faults(1, storagetest.Status(500, "InternalError")), nil, 2},
		"503 twice":           {faults(2, storagetest.Status(503, "SlowDown")), nil, 3},
		"503 without a body":  {faults(1, storagetest.Status(503, "")), nil, 2},
		"429":                 {faults(1, storagetest.Status(429, "TooManyRequests")), nil, 2},
		"reset":               {faults(1, storagetest.Reset), nil, 2},
		"truncated body":      {faults(1, storagetest.Truncate(1000)), nil, 2},
		"no body":             {faults(1, storagetest.Truncate(0)), nil, 2},
		"503 for ever":        {faults(9, storagetest.Status(503, "SlowDown")), storage.ErrTransient, 4},
		"reset for ever":      {faults(9, storagetest.Reset), storage.ErrTransient, 4},
		"truncated for ever":  {faults(9, storagetest.Truncate(99)), storage.ErrTransient, 4},
		"403":                 {faults(1, storagetest.Status(403, "AccessDenied")), storage.ErrPermission, 1},
		"403 without a body":  {faults(1, storagetest.Status(403, "")), storage.ErrPermission, 1},
		"401":                 {faults(1, storagetest.Status(401, "NoAuthenticationInformation")), storage.ErrPermission, 1},
		"404":                 {faults(1, storagetest.Status(404, "NoSuchKey")), storage.ErrNotExist, 1},
		"301":                 {faults(1, storagetest.Status(301, "PermanentRedirect")), storage.ErrInvalid, 1},
		"nonsense with a 200": {faults(9, notHTTP), storage.ErrTransient, 4},
	}
	data := payload(300_000)
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			everyVendor(t, data, func(t *testing.T, v vendor, f *storagetest.Front, b *storage.Bucket) {
				v.read.once(f, "x", c.faults...)
				got, attrs, err := b.ReadAll(t.Context(), "x", 1<<20)
				if c.kind != nil {
					want(t, err, c.kind)
				} else if err != nil || !bytes.Equal(got, data) {
					t.Errorf("%d bytes, %v", len(got), err)
				}
				if n := v.read.count(f, "x"); attrs.Attempts != c.attempts || n != c.attempts {
					t.Errorf("%d attempts, %d requests, want %d", attrs.Attempts, n, c.attempts)
				}
			})
		})
	}
}

func TestEveryVendorTakesOneRequestForAnAttempt(t *testing.T) {
	everyVendor(t, nil, func(t *testing.T, v vendor, f *storagetest.Front, b *storage.Bucket) {
		before := v.stat.count(f, "x")
		v.stat.once(f, "x", storagetest.Status(503, "SlowDown"), storagetest.Reset)
		if _, err := b.Stat(t.Context(), "x"); err != nil {
			t.Error(err)
		}
		if n := v.stat.count(f, "x") - before; n != 3 {
			t.Errorf("%d requests for 3 attempts", n)
		}
		v.write.always(f, "denied", storagetest.Status(403, "AccessDenied"))
		v.write.always(f, "down", storagetest.Status(503, "SlowDown"))
		_, err := b.CreateOnce(t.Context(), "denied", []byte("ours"))
		want(t, err, storage.ErrPermission)
		_, err = b.CreateOnce(t.Context(), "down", []byte("ours"))
		want(t, err, storage.ErrTransient)
		if denied, down := v.write.count(f, "denied"), v.write.count(f, "down"); denied != 1 || down != quick.Attempts {
			t.Errorf("%d attempts at what is denied, %d at what is down", denied, down)
		}
	})
}

func TestEveryVendorsBlackholeIsTransient(t *testing.T) {
	policy := storage.Policy{Attempts: 2, BaseDelay: 1, MaxDelay: 1, AttemptTimeout: 50 * time.Millisecond}
	for _, v := range vendors {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			f, folder := storagetest.Behind(t, v.folder(t))
			for _, method := range []string{"GET", "HEAD", "PUT", "POST"} {
				f.Always(method, "", storagetest.Delay(time.Minute))
			}
			b, err := storage.OpenWith(t.Context(), folder, storage.Options{Retry: policy})
			if err != nil {
				t.Fatal(err)
			}
			defer b.Close()
			_, err = b.Stat(t.Context(), "x")
			want(t, err, storage.ErrTransient)
			_, _, err = b.ReadAll(t.Context(), "x", 10)
			want(t, err, storage.ErrTransient)
			_, err = b.NewReader(t.Context(), "x")
			want(t, err, storage.ErrTransient)
			_, err = b.CreateOnce(t.Context(), "once", nil)
			want(t, err, storage.ErrTransient)
			for _, err := range b.List(t.Context(), "") {
				want(t, err, storage.ErrTransient)
			}
			for _, size := range []int{1, parts} {
				w, err := b.NewWriter(t.Context(), "x")
				if err != nil {
					t.Fatal(err)
				}
				_, writing := w.Write(payload(size))
				want(t, errors.Join(writing, w.Close()), storage.ErrTransient)
			}
			if n := v.stat.count(f, "x"); n != 2 {
				t.Errorf("%d requests for 2 attempts", n)
			}
		})
	}
}

func TestEveryVendorHeedsRetryAfter(t *testing.T) {
	for _, v := range vendors {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			f, folder := storagetest.Behind(t, v.folder(t))
			v.read.always(f, "x", storagetest.Busy(7))
			ctx, cancel := context.WithCancel(t.Context())
			var waits time.Duration
			b, err := storage.OpenWith(ctx, folder, storage.Options{Retry: quick, OnBackoff: func(_ string, _ int, delay time.Duration) {
				waits = delay
				cancel()
			}})
			if err != nil {
				t.Fatal(err)
			}
			defer b.Close()
			_, _, err = b.ReadAll(ctx, "x", 10)
			want(t, err, context.Canceled)
			if waits < 7*time.Second || waits > 8*time.Second {
				t.Errorf("waits %v", waits)
			}
		})
	}
}

func TestEveryVendorTellsAMissingBucket(t *testing.T) {
	for _, v := range vendors {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			scheme, rest, _ := strings.Cut(v.folder(t), "://")
			_, options, _ := strings.Cut(rest, "?")
			b := open(t, scheme+"://pond?"+options)
			missing := storage.ErrNoBucket
			if v.name == "gs" {
				missing = storage.ErrNotExist // the stand-in says "Not Found"; see TestGoogleTellsAMissingBucket
			}
			_, _, err := b.ReadAll(t.Context(), "x", 10)
			want(t, err, missing)
			_, err = b.CreateOnce(t.Context(), "x", nil)
			want(t, err, storage.ErrNotExist)
			for _, err := range b.List(t.Context(), "") {
				want(t, err, missing)
			}
			for _, size := range []int{0, 1000, parts} {
				w, err := b.NewWriter(t.Context(), "x")
				if err != nil {
					t.Fatal(err)
				}
				_, writing := w.Write(payload(size))
				want(t, errors.Join(writing, w.Close()), missing)
			}
		})
	}
}

func TestEveryVendorsStreamGoesOn(t *testing.T) {
	data := payload(1 << 20)
	everyVendor(t, data, func(t *testing.T, v vendor, f *storagetest.Front, b *storage.Bucket) {
		v.read.once(f, "x", storagetest.Truncate(100_000), storagetest.Reset, storagetest.Truncate(200_000),
			storagetest.Status(503, "SlowDown"), storagetest.Truncate(0))
		r, err := b.NewRangeReader(t.Context(), "x", 77, -1)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, data[77:]) {
			t.Errorf("%d bytes, %v", len(got), err)
		}
		if n := v.read.count(f, "x"); n != 6 {
			t.Errorf("%d requests", n)
		}
	})
}

// The object is replaced between two parts of a stream.
func TestEveryVendorsStreamSeesAChange(t *testing.T) {
	everyVendor(t, payload(1000), func(t *testing.T, v vendor, f *storagetest.Front, b *storage.Bucket) {
		v.read.once(f, "x", storagetest.Truncate(10))
		r, err := b.NewReader(t.Context(), "x")
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		put(t, b, "x", payload(1001))
		_, err = io.ReadAll(r)
		want(t, err, storage.ErrChanged)
	})
}

func TestEveryVendorListsThroughFaults(t *testing.T) {
	everyVendor(t, nil, func(t *testing.T, _ vendor, f *storagetest.Front, b *storage.Bucket) {
		put(t, b, "a/x", nil)
		f.Once("GET", "lake", storagetest.Status(503, "SlowDown"), storagetest.Truncate(30))
		if found := keys(t, b, "a/"); len(found) != 1 {
			t.Errorf("listed %q", found)
		}
	})
}
