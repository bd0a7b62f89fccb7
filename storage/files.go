package storage

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// files is a folder of local disks. It goes to the system rather than through
// gocloud's fileblob, which escapes names, never fsyncs and keeps attributes
// in files beside the objects.
type files struct {
	root    string // absolute
	durable durableFolders
}

func openFiles(a address) (store, error) {
	root, err := filepath.Abs(a.path)
	if err != nil {
		return nil, fileError(err)
	}
	return &files{root: root}, nil
}

func (f *files) prefix() string { return "" }

func (f *files) close() error { return nil }

// full accepts clean relative paths, so that every object has one name and
// none is outside the folder.
func (f *files) full(key string) (string, error) {
	for part := range strings.SplitSeq(key, "/") {
		if part == "" || part == "." || part == ".." {
			return "", invalid("a key of local files has no empty, . or .. part")
		}
	}
	return key, nil
}

// path is the file of a key.
func (f *files) path(key string) string { return filepath.Join(f.root, key) }

func (f *files) stat(_ context.Context, key string) (Attrs, error) {
	info, err := os.Stat(f.path(key))
	if err != nil {
		return Attrs{}, fileError(err)
	}
	return fileAttrs(info), regular(info)
}

func (f *files) open(_ context.Context, key string, offset, length int64) (io.ReadCloser, Attrs, error) {
	return openFile(os.OpenFile, f.path(key), offset, length)
}

func (f *files) same(dst, src string, _, _ Attrs) bool {
	left, err := os.Stat(f.path(dst))
	if err != nil {
		return false
	}
	right, err := os.Stat(f.path(src))
	return err == nil && os.SameFile(left, right)
}

// openFile opens a range of a regular file. It does not wait for the writer of
// a named pipe, nor does it take one for a file.
func openFile(open func(string, int, os.FileMode) (*os.File, error), path string, offset, length int64) (io.ReadCloser, Attrs, error) {
	file, err := open(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, Attrs{}, fileError(err)
	}
	attrs, err := seekFile(file, offset)
	if err != nil {
		file.Close()
		return nil, attrs, err
	}
	body := fileBody{file: file, Reader: file}
	if length >= 0 {
		body.Reader = io.LimitReader(file, length)
	}
	return body, attrs, nil
}

func seekFile(file *os.File, offset int64) (Attrs, error) {
	info, err := file.Stat()
	if err != nil {
		return Attrs{}, fileError(err)
	}
	if err := regular(info); err != nil {
		return Attrs{}, err
	}
	if offset == 0 {
		return fileAttrs(info), nil
	}
	_, err = file.Seek(offset, io.SeekStart)
	return fileAttrs(info), fileError(err)
}

// fileBody is an open file or a part of one.
type fileBody struct {
	io.Reader
	file *os.File
}

func (b fileBody) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err != nil && err != io.EOF {
		err = fileError(err)
	}
	return n, err
}

func (b fileBody) Close() error { return b.file.Close() }

// regular refuses folders, devices, pipes and sockets.
func regular(info fs.FileInfo) error {
	switch {
	case info.Mode().IsRegular():
		return nil
	case info.IsDir():
		return invalid("this is a folder")
	}
	return invalid("this is no regular file")
}

func fileAttrs(info fs.FileInfo) Attrs {
	return Attrs{
		Size:    info.Size(),
		Version: version(info.ModTime().UnixNano(), info.Size()),
		ModTime: info.ModTime(),
	}
}

// version stands in where a store has no ETag.
func version(mtimeNanoseconds, sizeBytes int64) string {
	return fmt.Sprintf("%d-%d", mtimeNanoseconds, sizeBytes)
}
