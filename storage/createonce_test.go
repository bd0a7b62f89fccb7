package storage_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/storagetest"
)

func TestCreateOnceFirstWins(t *testing.T) {
	everyStore(t, func(t *testing.T, b *storage.Bucket) {
		for _, data := range []string{"first", "second", "first"} {
			stored, err := b.CreateOnce(t.Context(), "r/receipt.json", []byte(data))
			if err != nil || string(stored) != "first" {
				t.Errorf("%q: stored %q, %v", data, stored, err)
			}
		}
		if err := b.ProbeCreateOnce(t.Context(), "r/"); err != nil {
			t.Error(err)
		}
		if found := keys(t, b, ""); len(found) != 1 {
			t.Errorf("the probe left %q", found)
		}
	})
}

func TestCreateOnceLarge(t *testing.T) {
	everyStore(t, func(t *testing.T, b *storage.Bucket) {
		first, second := payload(parts), payload(parts+1)
		for _, data := range [][]byte{first, second} {
			stored, err := b.CreateOnce(t.Context(), "plan", data)
			if err != nil || !bytes.Equal(stored, first) {
				t.Errorf("stored %d bytes, %v", len(stored), err)
			}
		}
	})
}

func TestCreateOnceConcurrently(t *testing.T) {
	everyStore(t, func(t *testing.T, b *storage.Bucket) {
		for round := range 10 {
			const n = 16
			key := fmt.Sprintf("new folder %d/receipt", round)
			var stored [n][]byte
			var errs [n]error
			var all sync.WaitGroup
			for i := range n {
				all.Go(func() {
					stored[i], errs[i] = b.CreateOnce(t.Context(), key, []byte(fmt.Sprint("attempt ", i)))
				})
			}
			all.Wait()
			winners := 0
			for i := range n {
				if errs[i] != nil || !bytes.Equal(stored[i], stored[0]) {
					t.Errorf("%d sees %q, 0 sees %q, %v", i, stored[i], stored[0], errs[i])
				}
				if string(stored[i]) == fmt.Sprint("attempt ", i) {
					winners++
				}
			}
			if winners != 1 {
				t.Errorf("%d winners", winners)
			}
		}
	})
}

// childCommand makes the test program run createOnceChild instead of tests.
const childCommand = "create-once-child"

// createOnceChild writes its own name to every key and prints what is stored.
func createOnceChild(folder, name string) int {
	b, err := storage.Open(context.Background(), folder)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	for i := range 50 {
		stored, err := b.CreateOnce(context.Background(), fmt.Sprintf("receipts/%d", i), []byte(name))
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		fmt.Printf("%d %s\n", i, stored)
	}
	return 0
}

func TestCreateOnceFromTwoProcesses(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "d")
	var outputs [2][]byte
	var errs [2]error
	var all sync.WaitGroup
	for i := range 2 {
		all.Go(func() {
			command := exec.CommandContext(t.Context(), os.Args[0], childCommand, folder, fmt.Sprint("process ", i))
			command.Stderr = os.Stderr
			outputs[i], errs[i] = command.Output()
		})
	}
	all.Wait()
	if err := errors.Join(errs[:]...); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(outputs[0], outputs[1]) || bytes.Count(outputs[0], []byte("\n")) != 50 {
		t.Errorf("the processes saw different winners:\n%s\n%s", outputs[0], outputs[1])
	}
}

func TestStoreThatRefusesConditions(t *testing.T) {
	front := storagetest.NewFront(storagetest.NewS3(t))
	front.Always("PUT", "", storagetest.Status(501, "NotImplemented"))
	b := open(t, storagetest.Serve(t, front))
	want(t, b.ProbeCreateOnce(t.Context(), "d/"), storage.ErrUnsupported)
}
