package storage

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// list walks the folders below the part of prefix that names one.
func (f *files) list(ctx context.Context, prefix string, attempt attempt) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) { f.walk(ctx, prefix, attempt, false, yield) }
}

// walk yields files, or those of unfinished writes.
func (f *files) walk(ctx context.Context, prefix string, attempt attempt, unfinished bool, yield func(Object, error) bool) {
	w := walk{ctx: ctx, root: f.root, prefix: prefix, unfinished: unfinished, attempt: attempt, yield: yield}
	folder := prefix[:strings.LastIndexByte(prefix, '/')+1]
	if folder != "" {
		if _, err := f.full(strings.TrimSuffix(folder, "/")); err != nil {
			yield(Object{}, err)
			return
		}
	}
	w.folder(folder)
}

// walk is one listing.
type walk struct {
	ctx     context.Context
	root    string
	prefix  string
	attempt attempt
	yield   func(Object, error) bool

	unfinished bool // files of unfinished writes alone, else all others
}

// folder lists a folder, whose key is empty or ends with a slash, and tells
// whether to go on. A folder that is missing is empty.
func (w *walk) folder(key string) bool {
	names, err := w.names(key)
	if errors.Is(err, ErrNotExist) {
		return true
	}
	if err != nil {
		w.yield(Object{}, inFolder(key, err))
		return false
	}
	for _, name := range names {
		if !w.entry(key + name) {
			return false
		}
	}
	return true
}

// inFolder names the folder below the root that an error is about.
func inFolder(key string, err error) error {
	if key == "" {
		return err
	}
	return fmt.Errorf("%s: %w", key, err)
}

// names reads a folder, its subfolders with a slash at the end: sorted so, the
// walk meets all keys in byte order.
func (w *walk) names(key string) (names []string, err error) {
	err = w.attempt(w.ctx, func(context.Context) error {
		entries, err := os.ReadDir(filepath.Join(w.root, key))
		names = names[:0]
		for _, entry := range entries {
			names = append(names, entryName(entry))
		}
		return fileError(err)
	})
	slices.Sort(names)
	return names, err
}

func entryName(entry fs.DirEntry) string {
	if entry.IsDir() {
		return entry.Name() + "/"
	}
	return entry.Name()
}

// entry yields a file or enters a folder.
func (w *walk) entry(key string) bool {
	if strings.HasSuffix(key, "/") {
		if strings.HasPrefix(key, w.prefix) || strings.HasPrefix(w.prefix, key) {
			return w.folder(key)
		}
		return true
	}
	if !strings.HasPrefix(key, w.prefix) || isTemp(filepath.Base(key)) != w.unfinished {
		return true
	}
	return w.file(key)
}

// file yields a regular file, or a link to one.
func (w *walk) file(key string) bool {
	var info fs.FileInfo
	err := w.attempt(w.ctx, func(context.Context) (err error) {
		info, err = os.Stat(filepath.Join(w.root, key))
		return fileError(err)
	})
	if errors.Is(err, ErrNotExist) || err == nil && !info.Mode().IsRegular() {
		return true
	}
	if err != nil {
		w.yield(Object{}, err)
		return false
	}
	return w.yield(Object{Key: key, Attrs: fileAttrs(info)}, nil)
}

// folders reads one folder.
func (f *files) folders(ctx context.Context, prefix string, attempt attempt) ([]string, error) {
	if prefix != "" {
		if _, err := f.full(strings.TrimSuffix(prefix, "/")); err != nil {
			return nil, err
		}
	}
	w := walk{ctx: ctx, root: f.root, attempt: attempt}
	entries, err := w.names(prefix)
	if errors.Is(err, ErrNotExist) {
		return nil, nil
	}
	var names []string
	for _, entry := range entries {
		if name, isFolder := strings.CutSuffix(entry, "/"); isFolder {
			names = append(names, name)
		}
	}
	return names, err
}
