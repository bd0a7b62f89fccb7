package model

import (
	"context"
	"errors"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/sdl-batch/sdl-batch/storage"
)

// TestAPointerThatMayNotLastIsNotWritten has the folder of a pointer lose writes: the
// pointer is there, and reading it back proves nothing.
func TestAPointerThatMayNotLastIsNotWritten(t *testing.T) {
	folder := t.TempDir()
	ctx := storage.WithSteps(context.Background(), func(s storage.Step) error {
		if s.Op == "fsync" && s.Name == folder {
			return syscall.EIO
		}
		return nil
	})
	p := &Pointer{FormatVersion: PointerVersion, Pointed: Point("sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")}
	uri := filepath.Join(folder, "current")
	if _, err := WritePointer(ctx, uri, p); !errors.Is(err, storage.ErrUnsynced) {
		t.Errorf("error %v", err)
	}
	if _, err := WritePointer(t.Context(), uri, p); err != nil {
		t.Error(err)
	}
}
