package storage_test

import (
	"errors"
	"testing"

	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/storagetest"
)

// The parts of an upload are repeated one by one.
func TestWriterThroughFaults(t *testing.T) {
	data := payload(parts)
	f, b := front(t, nil)
	f.Once("POST", "/x", storagetest.Status(503, "SlowDown"))
	f.Once("PUT", "/x", storagetest.Status(500, "InternalError"), storagetest.Reset, storagetest.Status(503, "SlowDown"))
	put(t, b, "x", data)
	if got := get(t, b, "x"); got != string(data) {
		t.Error("the object differs")
	}
}

func TestWriterGivesUp(t *testing.T) {
	for _, size := range []int{0, 1000, parts} {
		f, b := front(t, nil)
		f.Always("PUT", "/y", storagetest.Reset)
		w, err := b.NewWriter(t.Context(), "y")
		if err != nil {
			t.Fatal(err)
		}
		_, writing := w.Write(payload(size))
		want(t, errors.Join(writing, w.Close()), storage.ErrTransient)
		_, err = b.Stat(t.Context(), "y")
		want(t, err, storage.ErrNotExist)
		// An upload in parts is ended, so that the store keeps no orphans.
		if size > 1000 && f.Requests("DELETE", "/y") == 0 {
			t.Error("the upload was not aborted")
		}
	}
}

func TestPublishThroughFaults(t *testing.T) {
	f, b := front(t, payload(1000))
	f.Once("PUT", "/dst", storagetest.DropReply, storagetest.Status(503, "SlowDown"))
	f.Once("HEAD", "/dst", storagetest.Status(503, ""))
	if err := b.Publish(t.Context(), "dst", "x"); err != nil {
		t.Fatal(err)
	}
	if got := get(t, b, "dst"); got != string(payload(1000)) {
		t.Error("the copy differs")
	}
}

func TestListThroughFaults(t *testing.T) {
	f, b := front(t, nil)
	put(t, b, "a/x", nil)
	f.Once("GET", "/lake", storagetest.Status(503, "SlowDown"), storagetest.Truncate(30))
	if found := keys(t, b, "a/"); len(found) != 1 {
		t.Errorf("listed %q", found)
	}
}
