package storage_test

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/sdl-batch/sdl-batch/storage"
)

func TestEmptyFoldersAreRemoved(t *testing.T) {
	root := t.TempDir()
	b := open(t, root)
	for _, folder := range []string{"r/a/b/c", "r/a/d", "r/full", "other/x"} {
		if err := os.MkdirAll(filepath.Join(root, folder), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	put(t, b, "r/full/x", []byte("x"))
	w := begin(t, b, "r/begun/x")
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(filepath.Join(root, "r/a/d"), old, old); err != nil {
		t.Fatal(err)
	}
	tidy := func(prefix string, may func(string, time.Time) bool) {
		t.Helper()
		if err := b.RemoveEmptyFolders(t.Context(), prefix, may); err != nil {
			t.Error(err)
		}
	}
	there := func(folder string, wanted bool) {
		t.Helper()
		if _, err := os.Stat(filepath.Join(root, folder)); (err == nil) != wanted {
			t.Errorf("%s: %v", folder, err)
		}
	}
	tidy("r/", func(_ string, modified time.Time) bool { return modified.Before(time.Now().Add(-time.Minute)) })
	there("r/a/d", false)
	there("r/a/b/c", true)
	tidy("r/", func(string, time.Time) bool { return true })
	there("r/a", false)
	there("r/full", true)
	there("r/begun", true)
	there("other/x", true)
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	tidy("nowhere/", func(string, time.Time) bool { return true })
	want(t, b.RemoveEmptyFolders(t.Context(), "../x/", nil), storage.ErrInvalid)
}

// TestWritersInFoldersThatAreRemoved writes in every way into folders that are
// removed as soon as they are empty.
func TestWritersInFoldersThatAreRemoved(t *testing.T) {
	b := open(t, t.TempDir())
	put(t, b, "src", []byte("x"))
	done := make(chan struct{})
	var tidying sync.WaitGroup
	for range 2 {
		tidying.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				if err := b.RemoveEmptyFolders(t.Context(), "r/", func(string, time.Time) bool { return true }); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for i := range 300 {
		key := fmt.Sprintf("r/%d/a/x", i%3)
		var err error
		switch i % 3 {
		case 0:
			put(t, b, key, []byte("x"))
		case 1:
			_, err = b.CreateOnce(t.Context(), key, []byte("x"))
		case 2:
			err = b.Publish(t.Context(), key, "src")
		}
		if err != nil {
			t.Fatal(i, err)
		}
		if err := b.Delete(t.Context(), key); err != nil {
			t.Fatal(err)
		}
	}
	close(done)
	tidying.Wait()
}
