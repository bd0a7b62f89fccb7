package storage

import (
	"context"
	"errors"
	"io"
)

// Writer writes one object, which appears whole when Close returns nil and not
// at all otherwise. It belongs to one goroutine. Call Close or Abort; Abort
// after Close does nothing, so that it can be deferred.
type Writer struct {
	ctx    context.Context
	retry  retrier
	name   string
	upload upload
	err    error // the first failure
	done   bool
}

// NewWriter starts an object, which replaces one of the same name when it is
// closed. ctx bounds the writing; once it ended nothing is published any more.
// On local files Close fsyncs the file, renames it to its place and fsyncs the
// folder; new folders are made on the way.
func (b *Bucket) NewWriter(ctx context.Context, key string) (*Writer, error) {
	w := &Writer{ctx: ctx, retry: b.retry, name: b.name(key)}
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
	return w.err
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
	return wrapOp("write", w.name, w.retry.settle(w.ctx, err))
}
