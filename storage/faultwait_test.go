package storage_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/storagetest"
)

// openPatiently opens a folder with a policy.
func openPatiently(t *testing.T, folder string, policy storage.Policy) *storage.Bucket {
	t.Helper()
	b, err := storage.OpenWith(t.Context(), folder, storage.Options{Retry: policy})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

// Thousands of readers that a store has refused must not come back as one.
func TestWaitsDiffer(t *testing.T) {
	f := storagetest.NewFront(nil)
	f.Always("GET", "", storagetest.Status(503, "SlowDown"))
	policy := storage.Policy{Attempts: 4, BaseDelay: time.Millisecond, MaxDelay: 3 * time.Millisecond}
	var mu sync.Mutex
	waits := map[int]map[time.Duration]bool{1: {}, 2: {}, 3: {}}
	b, err := storage.OpenWith(t.Context(), storagetest.Serve(t, f), storage.Options{Retry: policy,
		OnBackoff: func(_ string, tried int, wait time.Duration) {
			mu.Lock()
			defer mu.Unlock()
			waits[tried][wait] = true
		}})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() { b.ReadAll(t.Context(), "x", 10) })
	}
	all.Wait()
	for tried, most := range map[int]time.Duration{1: policy.BaseDelay, 2: 2 * policy.BaseDelay, 3: policy.MaxDelay} {
		for wait := range waits[tried] {
			if wait < most/2 || wait > most {
				t.Errorf("%v behind try %d", wait, tried)
			}
		}
		if len(waits[tried]) < 10 {
			t.Errorf("%d different waits behind try %d", len(waits[tried]), tried)
		}
	}
}

func TestEveryVendorHeedsEveryRetryAfter(t *testing.T) {
	for _, status := range []int{429, 500, 503} {
		for _, after := range []string{"7", "", "a date"} {
			t.Run(fmt.Sprintf("%d %q", status, after), func(t *testing.T) {
				least, most := 7*time.Second-time.Second, 8*time.Second // a date has whole seconds
				switch after {
				case "":
					least, most = 0, quick.MaxDelay
				case "a date":
					after = time.Now().Add(7 * time.Second).UTC().Format(http.TimeFormat)
					least -= time.Second
				}
				for _, v := range vendors {
					f, folder := storagetest.Behind(t, v.folder(t))
					v.read.always(f, "x", storagetest.Later(status, "SlowDown", after))
					ctx, cancel := context.WithCancel(t.Context())
					var wait time.Duration
					_, _, err := open(t, folder).ReadAll(storage.OnBackoff(ctx, func(_ int, delay time.Duration) {
						wait = delay
						cancel()
					}), "x", 10)
					want(t, err, context.Canceled)
					if wait < least || wait > most {
						t.Errorf("%s waits %v", v.name, wait)
					}
				}
			})
		}
	}
}

// The vendors' clients repeat the requests of uploads; they wait as long as the
// store asks, too, and never longer than a try may take.
func TestEveryVendorsUploadHeedsRetryAfter(t *testing.T) {
	for _, v := range vendors {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			f, folder := storagetest.Behind(t, v.folder(t))
			b := openPatiently(t, folder, storage.Policy{Attempts: 3, BaseDelay: 1, MaxDelay: 1})
			v.write.once(f, "y", storagetest.Later(503, "SlowDown", "1"), storagetest.Later(429, "SlowDown", "1"))
			var told []storage.Trouble
			ctx := storage.OnTrouble(t.Context(), func(met storage.Trouble) { told = append(told, met) })
			start := time.Now()
			if err := b.WriteObject(ctx, "y", func(w io.Writer) error {
				_, err := w.Write(payload(1000))
				return err
			}); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(start); took < 2*time.Second {
				t.Errorf("stored after %v", took)
			}
			if len(told) != 2 || told[0].Delay != time.Second || told[0].Err == nil || told[0].URI == "" {
				t.Errorf("told %+v", told)
			}
			impatient := openPatiently(t, folder, storage.Policy{Attempts: 2, BaseDelay: 1, MaxDelay: 1, AttemptTimeout: 100 * time.Millisecond})
			v.write.always(f, "z", storagetest.Later(503, "SlowDown", "3600"))
			want(t, write(t, impatient, "z", payload(1000)), storage.ErrTransient)
		})
	}
}

// Bytes that trickle for ever come in time each, and all of them never: neither an
// object nor a stream lasts longer than its tries may.
func TestEveryVendorsTrickleEnds(t *testing.T) {
	policy := storage.Policy{Attempts: 2, BaseDelay: 1, MaxDelay: 1, AttemptTimeout: 200 * time.Millisecond}
	for _, v := range vendors {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			f, folder := storagetest.Behind(t, v.folder(t))
			put(t, open(t, folder), "x", payload(10_000))
			v.read.always(f, "x", storagetest.Drip(20*time.Millisecond)) // 200 s in all
			b := openPatiently(t, folder, policy)
			_, attrs, err := b.ReadAll(t.Context(), "x", -1)
			want(t, err, storage.ErrTransient)
			if attrs.Attempts != 2 {
				t.Errorf("%d attempts", attrs.Attempts)
			}
			r, err := b.NewReader(t.Context(), "x")
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			if n, err := io.Copy(io.Discard, r); err == nil || n > 1000 {
				t.Errorf("%d bytes, %v", n, err)
			} else {
				want(t, err, storage.ErrTransient)
			}
		})
	}
}

// Whoever takes his time between two reads is not taken for a trickle.
func TestASlowReaderIsNoTrickle(t *testing.T) {
	f := storagetest.NewFront(storagetest.NewS3(t))
	folder := storagetest.Serve(t, f)
	data := payload(1000)
	put(t, open(t, folder), "x", data)
	b := openPatiently(t, folder, storage.Policy{Attempts: 2, AttemptTimeout: 100 * time.Millisecond})
	r, err := b.NewReader(t.Context(), "x")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for i := range 5 {
		time.Sleep(60 * time.Millisecond) // is what is tested
		if _, err := io.ReadFull(r, make([]byte, 200)); err != nil {
			t.Fatalf("part %d: %v", i, err)
		}
	}
	if n := f.Requests("GET", "/x"); n != 1 {
		t.Errorf("%d requests", n)
	}
}

// Silence behind the head of an answer, or in the middle of a body.
func TestEveryVendorsSilentBodies(t *testing.T) {
	policy := storage.Policy{Attempts: 2, BaseDelay: 1, MaxDelay: 1, AttemptTimeout: 200 * time.Millisecond}
	for _, v := range vendors {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			f, folder := storagetest.Behind(t, v.folder(t))
			put(t, open(t, folder), "x", payload(1000))
			b := openPatiently(t, folder, policy)
			for _, n := range []int{0, 50} {
				v.read.once(f, "x", storagetest.Silent(n), storagetest.Silent(n))
				_, _, err := b.ReadAll(t.Context(), "x", -1)
				want(t, err, storage.ErrTransient)
				f.Once("GET", "lake", storagetest.Silent(n), storagetest.Silent(n))
				for _, err := range b.List(t.Context(), "") {
					want(t, err, storage.ErrTransient)
				}
			}
		})
	}
}
