package storage_test

import (
	"bytes"
	"context"
	"io"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sdl-batch/sdl-batch/storage"
)

func TestWriteReadDelete(t *testing.T) {
	everyStore(t, func(t *testing.T, b *storage.Bucket) {
		for _, size := range []int{0, 1, 100_000, 8 << 20, parts} {
			data := payload(size)
			put(t, b, "d/e/x", data)
			stored, attrs, err := b.ReadAll(t.Context(), "d/e/x", int64(size))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(stored, data) {
				t.Fatalf("%d bytes came back as %d others", size, len(stored))
			}
			stat, err := b.Stat(t.Context(), "d/e/x")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(attrs, stat); diff != "" {
				t.Errorf("read and stat differ: %s", diff)
			}
			if attrs.Size != int64(size) || attrs.Version == "" || attrs.Attempts != 1 || time.Since(attrs.ModTime).Abs() > time.Hour {
				t.Errorf("attributes %+v", attrs)
			}
		}
		for range 2 {
			if err := b.Delete(t.Context(), "d/e/x"); err != nil {
				t.Fatal(err)
			}
		}
		if found := keys(t, b, ""); len(found) != 0 {
			t.Errorf("after deletion: %q", found)
		}
	})
}

func TestMissing(t *testing.T) {
	everyStore(t, func(t *testing.T, b *storage.Bucket) {
		put(t, b, "there", []byte("x"))
		_, err := b.Stat(t.Context(), "a/b")
		want(t, err, storage.ErrNotExist)
		_, _, err = b.ReadAll(t.Context(), "a/b", 10)
		want(t, err, storage.ErrNotExist)
		_, err = b.NewReader(t.Context(), "a/b")
		want(t, err, storage.ErrNotExist)
		_, err = b.NewRangeReader(t.Context(), "a/b", 3, 4)
		want(t, err, storage.ErrNotExist)
		_, err = b.OpenAt(t.Context(), "a/b")
		want(t, err, storage.ErrNotExist)
		want(t, b.Publish(t.Context(), "c", "a/b"), storage.ErrNotExist)
		_, _, err = b.ReadAll(t.Context(), "there/x", 10)
		want(t, err, storage.ErrNotExist)
		if found := keys(t, b, "a"); len(found) != 0 {
			t.Errorf("listed %q", found)
		}
	})
}

func TestMalformedKeys(t *testing.T) {
	everyStore(t, func(t *testing.T, b *storage.Bucket) {
		for _, key := range []string{"", "a\x00b"} {
			_, err := b.Stat(t.Context(), key)
			want(t, err, storage.ErrInvalid)
			_, err = b.NewWriter(t.Context(), key)
			want(t, err, storage.ErrInvalid)
			_, err = b.CreateOnce(t.Context(), key, nil)
			want(t, err, storage.ErrInvalid)
			want(t, b.Delete(t.Context(), key), storage.ErrInvalid)
		}
	})
}

func TestTooLarge(t *testing.T) {
	everyStore(t, func(t *testing.T, b *storage.Bucket) {
		put(t, b, "x", payload(1000))
		_, attrs, err := b.ReadAll(t.Context(), "x", 999)
		want(t, err, storage.ErrTooLarge)
		if attrs.Attempts != 1 || attrs.Size != 1000 {
			t.Errorf("attributes %+v", attrs)
		}
		if data, _, err := b.ReadAll(t.Context(), "x", -1); err != nil || len(data) != 1000 {
			t.Errorf("without a limit: %d bytes, %v", len(data), err)
		}
	})
}

func TestRanges(t *testing.T) {
	data := payload(5000)
	ranges := []struct{ offset, length, from, to int64 }{
		{0, -1, 0, 5000}, {0, 10, 0, 10}, {4990, 10, 4990, 5000}, {4990, 100, 4990, 5000},
		{2000, -1, 2000, 5000}, {100, 0, 100, 100}, {5000, -1, 5000, 5000}, {5000, 7, 5000, 5000},
	}
	everyStore(t, func(t *testing.T, b *storage.Bucket) {
		put(t, b, "x", data)
		for _, r := range ranges {
			reader, err := b.NewRangeReader(t.Context(), "x", r.offset, r.length)
			if err != nil {
				t.Fatalf("%+v: %v", r, err)
			}
			if err := iotest.TestReader(reader, data[r.from:r.to]); err != nil {
				t.Errorf("%+v: %v", r, err)
			}
			if reader.Attrs().Size != 5000 {
				t.Errorf("%+v: size %d", r, reader.Attrs().Size)
			}
			reader.Close()
		}
		for _, r := range [][2]int64{{5001, -1}, {9000, 5}, {-1, 5}, {0, -2}} {
			_, err := b.NewRangeReader(t.Context(), "x", r[0], r[1])
			want(t, err, storage.ErrInvalid)
		}
	})
}

func TestRangesOfNothing(t *testing.T) {
	everyStore(t, func(t *testing.T, b *storage.Bucket) {
		put(t, b, "empty", nil)
		for _, length := range []int64{-1, 0, 10} {
			reader, err := b.NewRangeReader(t.Context(), "empty", 0, length)
			if err != nil {
				t.Fatal(err)
			}
			if data, err := io.ReadAll(reader); err != nil || len(data) != 0 {
				t.Errorf("length %d: %q, %v", length, data, err)
			}
			reader.Close()
		}
	})
}

func TestEndedContext(t *testing.T) {
	everyStore(t, func(t *testing.T, b *storage.Bucket) {
		put(t, b, "x", []byte("x"))
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := b.Stat(ctx, "x")
		want(t, err, context.Canceled)
		_, _, err = b.ReadAll(ctx, "x", 10)
		want(t, err, context.Canceled)
		_, err = b.CreateOnce(ctx, "y", nil)
		want(t, err, context.Canceled)
		want(t, b.Publish(ctx, "z", "x"), context.Canceled)
		for _, err := range b.List(ctx, "") {
			want(t, err, context.Canceled)
		}
		for _, key := range []string{"y", "z"} {
			_, err := b.Stat(t.Context(), key)
			want(t, err, storage.ErrNotExist)
		}
	})
}
