package storage_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/storagetest"
)

// keeping are the stores that keep what killed writers leave.
var keeping = map[string]func(t *testing.T) string{
	"file":        func(t *testing.T) string { return filepath.Join(t.TempDir(), "not yet there") },
	"s3":          func(t *testing.T) string { return storagetest.S3(t) },
	"s3 prefix":   func(t *testing.T) string { return below(storagetest.S3(t), "a b/p+q%20/") },
	"versity":     func(t *testing.T) string { return storagetest.VersityS3(t) },
	"ver. prefix": func(t *testing.T) string { return below(storagetest.VersityS3(t), "a b/p+q/") },
}

func unfinished(t *testing.T, b *storage.Bucket, prefix string) []storage.Unfinished {
	t.Helper()
	found := []storage.Unfinished{}
	for u, err := range b.Unfinished(t.Context(), prefix) {
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, u)
	}
	return found
}

// begun is a size of which two parts are sent before the object ends.
const begun = 17 << 20

// begin writes into an object as much as makes an upload of parts, and leaves it
// so. No part is on its way then: it might outlive that the upload is given up.
func begin(t *testing.T, b *storage.Bucket, key string) *storage.Writer {
	t.Helper()
	var parts atomic.Int64
	ctx := storage.WithSteps(t.Context(), func(s storage.Step) error {
		if s.Op == "request" && s.Done && strings.Contains(s.Name, "partNumber=") {
			parts.Add(1)
		}
		return nil
	})
	w, err := b.NewWriter(ctx, key)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(payload(begun)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Abort() })
	if strings.HasPrefix(b.URI(), "s3://") {
		eventually(t, "two parts are stored", func() bool { return parts.Load() == 2 })
	}
	return w
}

// eventually waits for what a store does behind a writer's back.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for range 1000 {
		if done() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("not within 10 s: %s", what)
}

func TestUnfinishedWritesAreListedAndGivenUp(t *testing.T) {
	for name, uri := range keeping {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := open(t, uri(t))
			put(t, b, "d/done", []byte("x"))
			w := begin(t, b, "d/e f/begun")
			other := begin(t, b, "elsewhere/begun")
			defer other.Abort()
			eventually(t, "the write is listed", func() bool { return len(unfinished(t, b, "d/")) == 1 })
			u := unfinished(t, b, "d/")[0]
			if !strings.HasPrefix(u.Key, "d/e f/") || time.Since(u.Since).Abs() > time.Minute {
				t.Errorf("%+v", u)
			}
			if name == "file" && u.Bytes != begun {
				t.Errorf("%d bytes", u.Bytes)
			}
			for range 2 {
				if err := b.Discard(t.Context(), u); err != nil {
					t.Error(err)
				}
			}
			if left := unfinished(t, b, ""); len(left) != 1 || !strings.HasPrefix(left[0].Key, "elsewhere/") {
				t.Errorf("left are %+v", left)
			}
			if err := w.Close(); !errors.Is(err, storage.ErrTransient) {
				t.Errorf("a write that was given up ends with %v", err)
			}
			if found := keys(t, b, ""); !slices.Equal(found, []string{"d/done"}) {
				t.Errorf("objects %q", found)
			}
		})
	}
}

// TestARecordWhoseUnfinishedFileIsRemoved is written anew.
func TestARecordWhoseUnfinishedFileIsRemoved(t *testing.T) {
	b := open(t, t.TempDir())
	removed := 0
	ctx := storage.WithSteps(t.Context(), func(s storage.Step) error {
		if s.Op == "name" && removed == 0 {
			for _, u := range unfinished(t, b, "") {
				removed++
				return b.Discard(t.Context(), u)
			}
		}
		return nil
	})
	stored, err := b.CreateOnce(ctx, "d/record", []byte("x"))
	if removed != 1 || err != nil || string(stored) != "x" {
		t.Errorf("%d removed; stored %q, error %v", removed, stored, err)
	}
}

// TestUnfinishedWritesHavePages lists more than a page.
func TestUnfinishedWritesHavePages(t *testing.T) {
	defer storage.PageObjects(2)()
	for _, name := range []string{"s3", "versity"} {
		t.Run(name, func(t *testing.T) {
			b := open(t, keeping[name](t))
			for i := range 5 {
				begin(t, b, fmt.Sprint("d/", i))
			}
			eventually(t, "5 writes are listed", func() bool { return len(unfinished(t, b, "d/")) == 5 })
			for _, u := range unfinished(t, b, "d/") {
				if err := b.Discard(t.Context(), u); err != nil {
					t.Error(err)
				}
			}
			if left := unfinished(t, b, ""); len(left) > 0 {
				t.Errorf("left are %+v", left)
			}
		})
	}
}

// TestStoresThatTidyUpByThemselves have nothing to list.
func TestStoresThatTidyUpByThemselves(t *testing.T) {
	for _, name := range []string{"memory", "gs", "az"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := open(t, stores[name](t))
			begin(t, b, "d/begun")
			if found := unfinished(t, b, ""); len(found) > 0 {
				t.Errorf("%+v", found)
			}
			if err := b.Discard(t.Context(), storage.Unfinished{Key: "d/begun"}); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestUploadsThatCannotBeListed says so.
func TestUploadsThatCannotBeListed(t *testing.T) {
	for fault, kind := range map[int]error{403: storage.ErrPermission, 501: storage.ErrUnsupported} {
		front := storagetest.NewFront(storagetest.NewS3(t))
		front.Always("GET", "uploads", storagetest.Status(fault, map[int]string{403: "AccessDenied", 501: "NotImplemented"}[fault]))
		b := open(t, storagetest.Serve(t, front))
		for _, err := range b.Unfinished(t.Context(), "d/") {
			want(t, err, kind)
			kind = nil
		}
		if kind != nil {
			t.Errorf("status %d: no error", fault)
		}
	}
}

// TestPublishWhileTheSourceGoes removes the source, whose copy is published by
// somebody else meanwhile, at every step of a Publish.
func TestPublishWhileTheSourceGoes(t *testing.T) {
	everyStore(t, func(t *testing.T, b *storage.Bucket) {
		data := payload(100 << 10)
		for at := 1; ; at++ {
			src, dst := fmt.Sprint("attempts/", at), fmt.Sprint("images/", at)
			put(t, b, src, data)
			steps := 0
			ctx := storage.WithSteps(t.Context(), func(storage.Step) error {
				if steps++; steps == at {
					if err := b.Publish(context.WithoutCancel(t.Context()), dst, src); err != nil {
						t.Error(err)
					}
					return b.Delete(t.Context(), src)
				}
				return nil
			})
			if err := b.Publish(ctx, dst, src); err != nil {
				t.Errorf("step %d: %v", at, err)
			}
			if got := get(t, b, dst); got != string(data) {
				t.Errorf("step %d: another content", at)
			}
			if steps < at {
				if at < 5 {
					t.Errorf("only %d steps", steps)
				}
				return
			}
		}
	})
}

// TestPublishOfWhatIsGone has nothing to publish, whenever it goes.
func TestPublishOfWhatIsGone(t *testing.T) {
	everyStore(t, func(t *testing.T, b *storage.Bucket) {
		for _, at := range []int{1, 3, 5} {
			src, dst := fmt.Sprint("attempts/", at), fmt.Sprint("images/", at)
			put(t, b, src, []byte("x"))
			steps := 0
			ctx := storage.WithSteps(t.Context(), func(storage.Step) error {
				if steps++; steps == at {
					return b.Delete(t.Context(), src)
				}
				return nil
			})
			err := b.Publish(ctx, dst, src)
			if _, there := b.Stat(t.Context(), dst); (err == nil) != (there == nil) || err != nil && !errors.Is(err, storage.ErrNotExist) {
				t.Errorf("step %d: error %v, and of the copy %v", at, err, there)
			}
		}
	})
}
