package storage

import (
	"context"
	"errors"
	"iter"
	"strings"
	"time"
)

// Unfinished is a write that was begun and has neither ended nor been given up:
// its writer is at work, or was killed. List does not show it, and no reader can
// see it.
type Unfinished struct {
	// Key is of the object that was to be; of local files, of the temporary file in
	// the folder where it was to be.
	Key   string
	Bytes int64 // written so far; 0 where the store does not tell
	// Since is when a local file was last written, or an upload was begun.
	Since time.Time

	id string // of an upload
}

// unfinishedStore is a store that keeps what killed writers leave, until somebody
// removes it. Others drop it by themselves.
type unfinishedStore interface {
	// unfinished yields the writes below prefix, sorted by key.
	unfinished(ctx context.Context, prefix string, attempt attempt) iter.Seq2[Unfinished, error]
	// discard gives a write up; one that has ended is ErrNotExist or nil.
	discard(ctx context.Context, full string, u Unfinished) error
}

// unfinishedStore returns nil where nothing is left for us to remove.
func (b *Bucket) unfinishedStore() unfinishedStore {
	of := any(b.bare)
	if s, ok := of.(*blobs); ok {
		of = s.dialect
	}
	found, _ := of.(unfinishedStore)
	return found
}

// Unfinished yields the writes below the folder whose key begins with prefix,
// sorted by key: temporary files on local disks, and uploads in parts on S3, which
// cost money as long as they lie there. Google and Azure drop theirs after a week
// by themselves, and nothing is yielded. A server that cannot tell is
// ErrUnsupported. After an error it ends.
func (b *Bucket) Unfinished(ctx context.Context, prefix string) iter.Seq2[Unfinished, error] {
	return func(yield func(Unfinished, error) bool) {
		s := b.unfinishedStore()
		if s == nil {
			return
		}
		base := b.store.prefix()
		for u, err := range s.unfinished(ctx, base+prefix, steppedAttempts(base+prefix, b.attempts(prefix))) {
			u.Key = strings.TrimPrefix(u.Key, base)
			if !yield(u, wrapOp("list unfinished", b.name(prefix), err)) || err != nil {
				return
			}
		}
	}
}

// Discard gives a write up. Its writer, where one is still at work, fails with
// ErrTransient when it ends. One that has ended meanwhile is no error.
func (b *Bucket) Discard(ctx context.Context, u Unfinished) error {
	s := b.unfinishedStore()
	if s == nil {
		return nil
	}
	_, err := b.do(ctx, "discard", u.Key, func(ctx context.Context, full string) error {
		return answered(ctx, "discard", full, func() error { return s.discard(ctx, full, u) })
	})
	if errors.Is(err, ErrNotExist) {
		return nil
	}
	return err
}

// unfinished walks the folders below prefix for temporary files.
func (f *files) unfinished(ctx context.Context, prefix string, attempt attempt) iter.Seq2[Unfinished, error] {
	return func(yield func(Unfinished, error) bool) {
		f.walk(ctx, prefix, attempt, true, func(o Object, err error) bool {
			return yield(Unfinished{Key: o.Key, Bytes: o.Size, Since: o.ModTime}, err)
		})
	}
}

func (f *files) discard(ctx context.Context, full string, _ Unfinished) error {
	return f.remove(ctx, full)
}
