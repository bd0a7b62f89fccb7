package storage

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// A file under construction is called .sdl-<random>.tmp and lies in the folder
// of its final name, so that naming it is atomic. Listings leave it out.
const (
	tempPrefix = ".sdl-"
	tempSuffix = ".tmp"
)

func isTemp(name string) bool {
	return strings.HasPrefix(name, tempPrefix) && strings.HasSuffix(name, tempSuffix)
}

// fileUpload is a file that has no name of its own yet.
type fileUpload struct {
	ctx     context.Context // for steps
	file    *os.File
	final   string
	durable *durableFolders
}

func (f *files) create(ctx context.Context, key string) (upload, error) {
	return f.newUpload(ctx, f.path(key))
}

func (f *files) newUpload(ctx context.Context, final string) (*fileUpload, error) {
	folder := filepath.Dir(final)
	temp := filepath.Join(folder, tempPrefix+rand.Text()+tempSuffix)
	u := &fileUpload{ctx: ctx, final: final, durable: &f.durable}
	if err := f.putInto(ctx, folder, func() error { return u.open(temp) }); err != nil {
		return nil, createError(final, err)
	}
	return u, nil
}

func (u *fileUpload) open(temp string) error {
	return step(u.ctx, "create temp", temp, func() (err error) {
		u.file, err = os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		return err
	})
}

// createError tells a folder that cannot be one from a folder that is missing.
func createError(path string, err error) error {
	if errors.Is(err, syscall.ENOTDIR) {
		return invalid("a folder of this path is a file")
	}
	return diskError(path, err)
}

func (u *fileUpload) Write(p []byte) (int, error) {
	n, err := u.file.Write(p)
	return n, diskError(u.final, err)
}

// commit makes the file durable and renames it to its final name.
func (u *fileUpload) commit() error {
	return u.publish(os.Rename)
}

// publish names the finished file by rename or link; the temporary name is
// gone afterwards in any case.
func (u *fileUpload) publish(name func(temp, final string) error) error {
	temp := u.file.Name()
	defer step(u.ctx, "unlink", temp, func() error { return os.Remove(temp) })
	if err := errors.Join(step(u.ctx, "fsync", temp, u.file.Sync), u.file.Close()); err != nil {
		return diskError(u.final, err)
	}
	err := step(u.ctx, "name", u.final, func() error { return name(temp, u.final) })
	if errors.Is(err, fs.ErrNotExist) { // by gc, which took its writer for dead
		return fmt.Errorf("%w: the unfinished file was removed meanwhile", ErrTransient)
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return diskError(u.final, err)
	}
	if unsynced := u.durable.sync(u.ctx, filepath.Dir(u.final)); unsynced != nil {
		return unsynced
	}
	return fileError(err)
}

func (u *fileUpload) abort() error {
	u.file.Close()
	err := os.Remove(u.file.Name())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return fileError(err)
}

// putOnce names the file by link(2), which never replaces another one.
func (f *files) putOnce(ctx context.Context, key string, data []byte) error {
	path := f.path(key)
	if _, err := os.Lstat(path); err == nil {
		return ErrExist
	}
	u, err := f.newUpload(ctx, path)
	if err != nil {
		return err
	}
	if _, err := u.Write(data); err != nil {
		return errors.Join(err, u.abort())
	}
	return linkError(u.publish(os.Link))
}

// linkError names file systems without links.
func linkError(err error) error {
	for _, number := range []error{syscall.EOPNOTSUPP, syscall.ENOSYS, syscall.EPERM} {
		if errors.Is(err, number) {
			return errors.Join(ErrUnsupported, errors.New("this file system has or allows no hard links"))
		}
	}
	return err
}

// link gives src a second name; it makes a copy on another file system, and of a
// file of another user's, of which Linux allows no links (fs.protected_hardlinks).
func (f *files) link(ctx context.Context, dst, src string) error {
	from, to := f.path(src), f.path(dst)
	var gone error
	err := f.putInto(ctx, filepath.Dir(to), func() error {
		err := step(ctx, "name", to, func() error { return os.Link(from, to) })
		if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if _, gone = os.Lstat(from); gone != nil {
			return nil
		}
		return err
	})
	if gone != nil {
		return fileError(gone)
	}
	for _, number := range []error{syscall.EXDEV, syscall.EMLINK, syscall.EPERM} {
		if errors.Is(err, number) {
			return f.copyFile(ctx, to, from)
		}
	}
	if err != nil {
		return linkError(diskError(to, err))
	}
	return f.durable.sync(ctx, filepath.Dir(to))
}

func (f *files) syncFolder(ctx context.Context, folder string) error {
	err := f.durable.sync(ctx, f.path(folder))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// copyFile copies a file without ever replacing another.
func (f *files) copyFile(ctx context.Context, to, from string) error {
	body, _, err := openFile(os.OpenFile, from, 0, -1)
	if err != nil {
		return err
	}
	defer body.Close()
	u, err := f.newUpload(ctx, to)
	if err != nil {
		return err
	}
	if _, err := io.Copy(u, readerUntil{ctx, body}); err != nil {
		return errors.Join(err, u.abort())
	}
	return linkError(u.publish(os.Link))
}

// readerUntil ends a copy when its context does.
type readerUntil struct {
	ctx context.Context
	io.Reader
}

func (r readerUntil) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.Reader.Read(p)
}

func (f *files) remove(_ context.Context, key string) error {
	path := f.path(key)
	info, err := os.Lstat(path)
	if err != nil {
		return fileError(err)
	}
	if info.IsDir() {
		return invalid("this is a folder")
	}
	return fileError(os.Remove(path))
}
