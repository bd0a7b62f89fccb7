package storage

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// makeFolder makes a folder with its parents. Their names are made durable with
// those of the files in them (durableFolders).
func makeFolder(ctx context.Context, path string) error {
	mkdir := func() error { return os.Mkdir(path, 0o777) }
	err := step(ctx, "mkdir", path, mkdir)
	parent := filepath.Dir(path)
	if errors.Is(err, fs.ErrNotExist) && parent != path {
		if err := makeFolder(ctx, parent); err != nil {
			return err
		}
		err = step(ctx, "mkdir", path, mkdir)
	}
	if errors.Is(err, fs.ErrExist) {
		err = mustBeFolder(path)
	}
	return err
}

// folderTries is how often a folder is made again that was removed, being empty,
// before anything was put into it (RemoveEmptyFolders).
const folderTries = 100

// putInto calls do, which puts something into a folder, and makes the folder where
// it is missing.
func (f *files) putInto(ctx context.Context, folder string, do func() error) error {
	err := do()
	for range folderTries {
		if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		f.durable.forget(folder)
		if err = makeFolder(ctx, folder); err == nil {
			err = do()
		}
	}
	return err
}

// mustBeFolder accepts a folder that another writer has just made.
func mustBeFolder(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return &fs.PathError{Op: "mkdir", Path: path, Err: syscall.ENOTDIR}
	}
	return nil
}

// syncFolder makes the names in a folder durable. File systems that cannot
// sync a folder say EINVAL; there nothing better can be done. One that tells of a
// lost write is unsynced.
func syncFolder(ctx context.Context, path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	defer folder.Close()
	err = step(ctx, "fsync", path, folder.Sync)
	if err == nil || errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) {
		return nil
	}
	for _, lost := range []error{syscall.EIO, syscall.ENOSPC, syscall.EDQUOT} {
		if errors.Is(err, lost) {
			return unsynced{err}
		}
	}
	return err
}
