package storage_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/sdl-batch/sdl-batch/storage"
)

// TestTheStepsOfLocalFiles are those of the protocol that makes them whole and
// durable: content before name, name and folders before the answer.
func TestTheStepsOfLocalFiles(t *testing.T) {
	root := filepath.Join(t.TempDir(), "out")
	b := open(t, root)
	var steps []string
	random := regexp.MustCompile(`\.sdl-[A-Z0-9]+\.tmp`)
	ctx := storage.WithSteps(t.Context(), func(s storage.Step) error {
		name := random.ReplaceAllString(strings.TrimPrefix(s.Name, filepath.Dir(root)+"/"), "temp")
		steps = append(steps, strings.TrimSuffix(fmt.Sprint(s.Op, " ", name, " ", map[bool]string{true: "done"}[s.Done]), " "))
		return nil
	})
	w, err := b.NewWriter(ctx, "a/x")
	if err != nil {
		t.Fatal(err)
	}
	w.Write([]byte("x"))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := b.CreateOnce(ctx, "a/y", nil); err != nil {
		t.Fatal(err)
	}
	if err := b.Publish(ctx, "a/z", "a/x"); err != nil {
		t.Fatal(err)
	}
	inOrder(t, steps, "create a/x", "create temp out/a/temp", "mkdir out", "mkdir out/a", "create temp out/a/temp", "write a/x", "write a/x done",
		"commit a/x", "fsync out/a/temp", "name out/a/x", "fsync out/a", "fsync out", "unlink out/a/temp", "commit a/x done",
		"put a/y", "create temp out/a/temp", "fsync out/a/temp", "name out/a/y", "fsync out/a", "unlink out/a/temp", "put a/y done", "open a/y",
		"stat a/x", "stat a/x done", "stat a/z", "link a/z", "name out/a/z", "fsync out/a", "link a/z done", "stat a/z", "stat a/z done")
}

// inOrder checks that steps has all of want in this order, with others between.
func inOrder(t *testing.T, steps []string, want ...string) {
	t.Helper()
	rest := steps
	for _, step := range want {
		i := slices.Index(rest, step)
		if i < 0 {
			t.Fatalf("no %q where it should be in\n%s", step, strings.Join(steps, "\n"))
		}
		rest = rest[i+1:]
	}
}

// TestAWriterThatStopsAnywhere cuts an upload in parts off from its store, for good,
// at each of its steps: what lies under the name is the whole object or nothing.
func TestAWriterThatStopsAnywhere(t *testing.T) {
	data := payload(9 << 20)
	for name, store := range stores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			uri, last := store(t), int64(1)
			for ; !stopped(t, uri, last, data); last++ {
				if last > 100 {
					t.Fatal("still not written")
				}
			}
			if last < 5 {
				t.Errorf("only %d steps", last)
			}
		})
	}
}

// stopped writes an object with a writer that stops after so many steps, looks at
// what is there, and tells whether it is whole.
func stopped(t *testing.T, uri string, last int64, data []byte) (whole bool) {
	t.Helper()
	b, key := open(t, uri), fmt.Sprint("d/", last)
	err := b.WriteObject(stoppingAfter(t.Context(), last), key, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
	if err != nil && !errors.Is(err, storage.ErrTransient) {
		t.Errorf("stopped after %d steps: %v", last, err)
	}
	got, _, read := b.ReadAll(t.Context(), key, 1<<30)
	if absent := errors.Is(read, storage.ErrNotExist); absent && err == nil || !absent && (read != nil || !bytes.Equal(got, data)) {
		t.Errorf("stopped after %d steps with %v: %d of %d bytes, %v", last, err, len(got), len(data), read)
	}
	return err == nil
}

// stoppingAfter lets so many steps be, and no more.
func stoppingAfter(ctx context.Context, steps int64) context.Context {
	var taken atomic.Int64
	return storage.WithSteps(ctx, func(storage.Step) error {
		if taken.Add(1) > steps {
			return fmt.Errorf("%w: %w: %w", storage.ErrTransient, syscall.EIO, syscall.ECONNRESET)
		}
		return nil
	})
}

// BenchmarkSteps is the look for a hook that each operation takes, in a context
// as deep as that of a run, without a hook.
func BenchmarkSteps(b *testing.B) {
	ctx := context.Background()
	for range 10 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithCancel(ctx)
		defer cancel()
	}
	for b.Loop() {
		storage.LookForSteps(ctx)
	}
}
