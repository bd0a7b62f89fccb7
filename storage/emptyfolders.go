package storage

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// RemoveEmptyFolders removes, from the deepest up, the folders below prefix and
// prefix itself that hold nothing and that may agrees to: it gets the folder, with
// a slash at its end, and when something was last put into it or taken out by
// somebody else. prefix ends with a slash. Only local disks have empty folders.
// Writers that are about to put a file into such a folder make it again.
func (b *Bucket) RemoveEmptyFolders(ctx context.Context, prefix string, may func(folder string, modified time.Time) bool) error {
	f, ok := b.bare.(*files)
	if !ok {
		return nil
	}
	if _, err := f.full(strings.TrimSuffix(prefix, "/")); err != nil {
		return wrapOp("tidy", b.name(prefix), err)
	}
	return wrapOp("tidy", b.name(prefix), f.tidy(ctx, prefix, may))
}

func (f *files) tidy(ctx context.Context, folder string, may func(string, time.Time) bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	path := filepath.Join(f.root, folder)
	before, err := os.Lstat(path)
	if err != nil || !before.IsDir() {
		return unlessGone(err)
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return unlessGone(err)
	}
	for _, entry := range entries {
		if entry.IsDir() {
			if err := f.tidy(ctx, folder+entry.Name()+"/", may); err != nil {
				return err
			}
		}
	}
	if !may(folder, before.ModTime()) {
		return nil
	}
	err = syscall.Rmdir(path)
	if errors.Is(err, syscall.ENOTEMPTY) || errors.Is(err, fs.ErrExist) {
		return nil
	}
	return unlessGone(err)
}

// unlessGone is nil for a folder that somebody else has removed.
func unlessGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return fileError(err)
}
