package storage

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// SyncFolder makes the names right below folder durable, whoever gave them; it is
// empty or ends with a slash, and may be missing. Who relies on objects that another
// process has made calls this first: that process may have died between naming
// them and making the names durable. Object stores have nothing to do.
func (b *Bucket) SyncFolder(ctx context.Context, folder string) error {
	return wrapOp("sync", b.name(folder), b.retry.once(ctx, func(ctx context.Context) error {
		return b.store.syncFolder(ctx, b.store.prefix()+folder)
	}))
}

// syncBeside makes the name of an object durable.
func (b *Bucket) syncBeside(ctx context.Context, full string) error {
	return b.store.syncFolder(ctx, full[:strings.LastIndexByte(full, '/')+1])
}

// unsynced is the ErrTransient of a folder that could not be made durable. It is not
// repeated: the system reports a lost write once, so that a second try
// which goes well proves nothing.
type unsynced struct{ cause error }

func (u unsynced) Error() string {
	return "what was written may not have reached the disk: " + systemError(u.cause).Error()
}

func (u unsynced) Unwrap() []error { return []error{ErrTransient, ErrUnsynced, u.cause} }

// durableFolders knows the folders whose own names are durable, so that each is
// asked for once. The zero value knows none.
type durableFolders struct {
	named  sync.Map // paths
	failed sync.Map // what became of paths that could not be synced
}

// sync makes the names in a folder durable, and the folder's own and those of the
// folders above it: another process may have made any of them and died before
// it synced them. A folder of which a write was lost fails ever after.
func (d *durableFolders) sync(ctx context.Context, path string) error {
	if err, known := d.failed.Load(path); known {
		return err.(error)
	}
	err := syncFolder(ctx, path)
	if err == nil {
		return d.syncName(ctx, path)
	}
	if lost := (unsynced{}); errors.As(err, &lost) {
		d.failed.Store(path, err)
		return err
	}
	return fileError(err)
}

// forget is called for a folder that was missing: it will be new, and so will those
// above it that are missing.
func (d *durableFolders) forget(path string) {
	for {
		d.named.Delete(path)
		path = filepath.Dir(path)
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			return
		}
	}
}

// syncName makes a folder's own name durable. A folder above it that may not be
// read was made by somebody else, for whom this process cannot answer.
func (d *durableFolders) syncName(ctx context.Context, path string) error {
	parent := filepath.Dir(path)
	if _, done := d.named.Load(path); done || parent == path {
		return nil
	}
	if err := d.sync(ctx, parent); err != nil && !errors.Is(err, fs.ErrPermission) {
		return err
	}
	d.named.Store(path, nil)
	return nil
}
