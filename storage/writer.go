package storage

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
)

// Writer writes one object, which appears whole when Close returns nil and not
// at all otherwise. It belongs to one goroutine. Call Close or Abort; Abort
// after Close does nothing, so that it can be deferred.
type Writer struct {
	ctx    context.Context
	bucket *Bucket
	key    string
	name   string
	upload upload
	bytes  int64
	sum    maphash.Hash // of what was written
	err    error        // the first failure
	done   bool
}

// NewWriter starts an object, which replaces one of the same name when it is
// closed. ctx bounds the writing; once it ended nothing is published any more.
// On local files Close fsyncs the file, renames it to its place and fsyncs the
// folder; new folders are made on the way.
func (b *Bucket) NewWriter(ctx context.Context, key string) (*Writer, error) {
	w := &Writer{ctx: ctx, bucket: b, key: key, name: b.name(key)}
	_, err := b.do(ctx, "write", key, func(_ context.Context, full string) (err error) {
		w.upload, err = b.store.create(ctx, full)
		return err
	})
	if err != nil {
		return nil, err
	}
	return w, nil
}

// WriteObject stores what content writes as one object, in place of one of the same
// name; nothing where content fails.
func (b *Bucket) WriteObject(ctx context.Context, key string, content func(io.Writer) error) error {
	w, err := b.NewWriter(ctx, key)
	if err != nil {
		return err
	}
	defer w.Abort()
	if err := content(w); err != nil {
		return err
	}
	return w.Close()
}

var errWriterDone = invalid("the writer is closed")

// Write implements io.Writer. After an error the object cannot be published.
func (w *Writer) Write(p []byte) (int, error) {
	if w.done {
		return 0, wrapOp("write", w.name, errWriterDone)
	}
	if w.err != nil {
		return 0, w.err
	}
	if w.err = w.ended(w.ctx.Err()); w.err != nil {
		return 0, w.err
	}
	n, err := w.upload.Write(p)
	w.bytes += int64(n)
	w.sum.Write(p[:n])
	w.err = w.ended(err)
	return n, w.err
}

// Close publishes the object, or discards it where an earlier Write failed.
func (w *Writer) Close() error {
	if w.done {
		return errors.Join(w.err, wrapOp("write", w.name, errWriterDone))
	}
	if w.err == nil {
		w.err = w.ended(w.ctx.Err())
	}
	w.done = true
	if w.err != nil {
		w.upload.abort()
		return w.err
	}
	w.err = w.ended(w.upload.commit())
	w.err = w.settled(w.err)
	return w.err
}

// settled decides by what is there now whether the object was stored: an end that
// was repeated because its answer was lost finds no upload any more, and what
// answers for a store may have stored nothing.
func (w *Writer) settled(err error) error {
	switch {
	case errors.Is(err, errNoUpload):
		if same, reading := w.isStored(); reading == nil && same {
			return nil
		}
		return err
	case err != nil:
		return err
	}
	found, err := w.bucket.Stat(w.ctx, w.key)
	if err == nil && found.Size == w.bytes {
		return nil
	}
	if err == nil || errors.Is(err, ErrNotExist) {
		return wrapOp("write", w.name, fmt.Errorf("%w: %w: the store took %d bytes and has %d", ErrTransient, ErrReplaced, w.bytes, found.Size))
	}
	return err
}

// isStored tells whether the object has the content that was written.
func (w *Writer) isStored() (bool, error) {
	r, err := w.bucket.NewReader(w.ctx, w.key)
	if err != nil {
		return false, err
	}
	defer r.Close()
	var sum maphash.Hash
	sum.SetSeed(w.sum.Seed())
	n, err := io.Copy(&sum, r)
	return n == w.bytes && sum.Sum64() == w.sum.Sum64(), err
}

// Abort discards the object and everything written for it.
func (w *Writer) Abort() error {
	if w.done {
		return nil
	}
	w.done = true
	return wrapOp("abort", w.name, w.upload.abort())
}

func (w *Writer) ended(err error) error {
	if errors.Is(err, errNoUpload) { // whatever else it is: another upload may end well
		err = fmt.Errorf("%w: %w", ErrTransient, errNoUpload)
	}
	return wrapOp("write", w.name, w.bucket.retry.settle(w.ctx, err))
}
