package storage_test

import (
	"bytes"
	"io"
	"math/rand"
	"testing"
	"testing/iotest"

	"github.com/sdl-batch/sdl-batch/storage"
)

func TestReaderAt(t *testing.T) {
	data := payload(3<<20 + 17)
	everyStore(t, func(t *testing.T, b *storage.Bucket) {
		put(t, b, "x", data)
		r, err := b.OpenAt(t.Context(), "x")
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if r.Size() != int64(len(data)) {
			t.Fatalf("size %d", r.Size())
		}
		random := rand.New(rand.NewSource(1))
		for range 60 {
			offset := random.Int63n(int64(len(data)))
			p := make([]byte, random.Intn(1<<random.Intn(21)))
			n, err := r.ReadAt(p, offset)
			rest := data[offset:]
			if wanted := min(len(p), len(rest)); n != wanted || (n < len(p)) != (err == io.EOF) || err != nil && err != io.EOF {
				t.Fatalf("%d bytes at %d: %d, %v", len(p), offset, n, err)
			}
			if !bytes.Equal(p[:n], rest[:n]) {
				t.Fatalf("%d bytes at %d differ", n, offset)
			}
		}
		if err := iotest.TestReader(io.NewSectionReader(r, 1000, 3000), data[1000:4000]); err != nil {
			t.Error(err)
		}
		if _, err := r.Seek(-100, io.SeekEnd); err != nil {
			t.Fatal(err)
		}
		if tail, err := io.ReadAll(r); err != nil || !bytes.Equal(tail, data[len(data)-100:]) {
			t.Errorf("tail of %d bytes, %v", len(tail), err)
		}
	})
}

func TestReaderAtPinsTheVersion(t *testing.T) {
	everyStore(t, func(t *testing.T, b *storage.Bucket) {
		put(t, b, "x", payload(1000))
		r, err := b.OpenAt(t.Context(), "x")
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		put(t, b, "x", payload(1001))
		_, err = r.ReadAt(make([]byte, 10), 0)
		want(t, err, storage.ErrChanged)
	})
}
