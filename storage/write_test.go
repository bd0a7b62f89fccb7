package storage_test

import (
	"context"
	"slices"
	"testing"

	"github.com/sdl-batch/sdl-batch/storage"
)

func TestAbortPublishesNothing(t *testing.T) {
	everyStore(t, func(t *testing.T, b *storage.Bucket) {
		for _, size := range []int{0, 10, parts} {
			w, err := b.NewWriter(t.Context(), "d/x")
			if err != nil {
				t.Fatal(err)
			}
			w.Write(payload(size))
			if err := w.Abort(); err != nil {
				t.Error(err)
			}
			if err := w.Abort(); err != nil {
				t.Error(err)
			}
			want(t, w.Close(), storage.ErrInvalid)
			_, err = w.Write([]byte("x"))
			want(t, err, storage.ErrInvalid)
		}
		_, err := b.Stat(t.Context(), "d/x")
		want(t, err, storage.ErrNotExist)
	})
}

func TestCancelledWriterPublishesNothing(t *testing.T) {
	everyStore(t, func(t *testing.T, b *storage.Bucket) {
		for _, size := range []int{0, 10, parts} {
			ctx, cancel := context.WithCancel(t.Context())
			w, err := b.NewWriter(ctx, "d/x")
			if err != nil {
				t.Fatal(err)
			}
			w.Write(payload(size))
			cancel()
			want(t, w.Close(), context.Canceled)
		}
		_, err := b.Stat(t.Context(), "d/x")
		want(t, err, storage.ErrNotExist)
	})
}

func TestUnfinishedWriteIsInvisible(t *testing.T) {
	everyStore(t, func(t *testing.T, b *storage.Bucket) {
		put(t, b, "d/x", []byte("old"))
		w, err := b.NewWriter(t.Context(), "d/x")
		if err != nil {
			t.Fatal(err)
		}
		w.Write(payload(100))
		if got := get(t, b, "d/x"); got != "old" {
			t.Errorf("holds %q before Close", got)
		}
		if found := keys(t, b, ""); !slices.Equal(found, []string{"d/x"}) {
			t.Errorf("listed %q", found)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if got := get(t, b, "d/x"); got != string(payload(100)) {
			t.Errorf("holds %d bytes after Close", len(got))
		}
	})
}

func TestPublish(t *testing.T) {
	everyStore(t, func(t *testing.T, b *storage.Bucket) {
		data := payload(parts) // more than one part
		put(t, b, "attempts/1/x", data)
		for range 2 {
			if err := b.Publish(t.Context(), "images/run=1/x", "attempts/1/x"); err != nil {
				t.Fatal(err)
			}
		}
		if got := get(t, b, "images/run=1/x"); got != string(data) {
			t.Fatal("the copy differs")
		}
		put(t, b, "same", data)
		if err := b.Publish(t.Context(), "images/run=1/x", "same"); err != nil {
			t.Errorf("equal content: %v", err)
		}
		if err := b.Delete(t.Context(), "attempts/1/x"); err != nil {
			t.Fatal(err)
		}
		if err := b.Publish(t.Context(), "images/run=1/x", "attempts/1/x"); err != nil {
			t.Errorf("source gone: %v", err)
		}
	})
}

func TestPublishKeepsOtherContent(t *testing.T) {
	everyStore(t, func(t *testing.T, b *storage.Bucket) {
		put(t, b, "dst", []byte("abc"))
		put(t, b, "longer", []byte("abcd"))
		put(t, b, "other", []byte("abd"))
		want(t, b.Publish(t.Context(), "dst", "longer"), storage.ErrExist)
		want(t, b.Publish(t.Context(), "dst", "other"), storage.ErrExist)
		if got := get(t, b, "dst"); got != "abc" {
			t.Errorf("dst holds %q", got)
		}
	})
}
