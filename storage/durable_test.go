package storage_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/sdl-batch/sdl-batch/storage"
)

// synced notes the paths that are fsynced under the context it returns, and has those
// that fail names fail.
func synced(t *testing.T, fails ...string) (ctx context.Context, paths *[]string) {
	paths = &[]string{}
	return storage.WithSteps(t.Context(), func(s storage.Step) error {
		if s.Op == "fsync" {
			*paths = append(*paths, s.Name)
			if slices.Contains(fails, s.Name) {
				return syscall.EIO
			}
		}
		return nil
	}), paths
}

// TestWhatIsWrittenIsSynced: the file, then the folder that names it, and each folder
// above, once, whoever made it.
func TestWhatIsWrittenIsSynced(t *testing.T) {
	root := t.TempDir()
	if err := os.MkdirAll(root+"/a/b", 0o777); err != nil { // by a process that died
		t.Fatal(err)
	}
	b := open(t, root)
	ctx, paths := synced(t)
	for _, write := range []func(key string) error{
		func(key string) error { _, err := b.CreateOnce(ctx, key, nil); return err },
		func(key string) error { return b.Publish(ctx, key+"link", key) },
	} {
		*paths = nil
		if err := write("a/b/x"); err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(*paths, root+"/a/b") {
			t.Errorf("synced %q", *paths)
		}
	}
	if b = open(t, root); b.SyncFolder(ctx, "a/b/") != nil {
		t.Error("not synced")
	}
	for folder := root + "/a/b"; folder != "/"; folder = filepath.Dir(folder) {
		if !slices.Contains(*paths, folder) {
			t.Errorf("%s is not synced: %q", folder, *paths)
		}
	}
}

// TestNamesOfOthersAreSynced: who finds that an object is there already syncs its
// folder, since the one that made it may have died before that.
func TestNamesOfOthersAreSynced(t *testing.T) {
	root := t.TempDir()
	for name, rely := range map[string]func(context.Context, *storage.Bucket) error{
		"created": func(ctx context.Context, b *storage.Bucket) error {
			_, err := b.CreateOnce(ctx, "d/x", nil)
			return err
		},
		"published":     func(ctx context.Context, b *storage.Bucket) error { return b.Publish(ctx, "d/link", "x") },
		"source gone":   func(ctx context.Context, b *storage.Bucket) error { return b.Publish(ctx, "d/link", "gone") },
		"folder synced": func(ctx context.Context, b *storage.Bucket) error { return b.SyncFolder(ctx, "d/") },
	} {
		put(t, open(t, root), "x", nil)
		put(t, open(t, root), "d/x", nil)
		put(t, open(t, root), "d/link", nil)
		ctx, paths := synced(t)
		if err := rely(ctx, open(t, root)); err != nil || !slices.Contains(*paths, root+"/d") {
			t.Errorf("%s: synced %q, %v", name, *paths, err)
		}
		ctx, _ = synced(t, root+"/d")
		want(t, rely(ctx, open(t, root)), storage.ErrUnsynced)
	}
	if err := open(t, root).SyncFolder(t.Context(), "missing/"); err != nil {
		t.Error(err)
	}
}

// TestAFolderThatFailedToSyncIsNotTrusted: a second fsync that goes well proves
// nothing, since the system tells of a lost write once.
func TestAFolderThatFailedToSyncIsNotTrusted(t *testing.T) {
	root := t.TempDir()
	for name, write := range map[string]func(context.Context, *storage.Bucket) error{
		"write": func(ctx context.Context, b *storage.Bucket) error { return b.WriteObject(ctx, "d/w", nothing) },
		"create": func(ctx context.Context, b *storage.Bucket) error {
			_, err := b.CreateOnce(ctx, "d/c", nil)
			return err
		},
		"link": func(ctx context.Context, b *storage.Bucket) error { return b.Publish(ctx, "d/link", "x") },
	} {
		b := open(t, root)
		put(t, b, "x", nil)
		ctx, paths := synced(t, root+"/d")
		err := write(ctx, b)
		if !errors.Is(err, storage.ErrUnsynced) || !errors.Is(err, storage.ErrTransient) || !errors.Is(err, syscall.EIO) || !strings.Contains(err.Error(), "may not have reached the disk") {
			t.Errorf("%s: %v", name, err)
		}
		if n := len(*paths); n > 2 {
			t.Errorf("%s: synced %q", name, *paths)
		}
		want(t, write(t.Context(), b), storage.ErrUnsynced)
	}
}

func nothing(io.Writer) error { return nil }
