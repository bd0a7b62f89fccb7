package storage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// Reader streams an object or a range of it. When the stream breaks it goes on
// where it stopped, as often as the bucket's Policy allows without a byte of
// progress, or with hardly any (slowest), provided that the object is still the same: ErrChanged otherwise.
// It belongs to one goroutine; Close it.
type Reader struct {
	ctx    context.Context // of NewReader; bounds the whole stream
	bucket *Bucket
	full   string // object name
	name   string // for errors
	attrs  Attrs
	offset int64 // of the next byte
	end    int64 // offset after the last byte; -1: unknown

	body   io.ReadCloser // nil between two connections
	cancel context.CancelFunc
	watch  *time.Timer // cancels a read that rests too long
	failed int         // tries without progress
	pace   pace
}

// NewReader opens an object for reading from its begin to its end.
func (b *Bucket) NewReader(ctx context.Context, key string) (*Reader, error) {
	return b.NewRangeReader(ctx, key, 0, -1)
}

// NewRangeReader opens length bytes from offset, fewer where the object ends
// before; length -1 reads to the end. An offset behind the end is ErrInvalid.
func (b *Bucket) NewRangeReader(ctx context.Context, key string, offset, length int64) (*Reader, error) {
	r := &Reader{ctx: ctx, bucket: b, name: b.name(key), offset: offset, end: -1}
	full, err := b.full(key)
	if err == nil && (offset < 0 || length < -1) {
		err = invalid("range of %d bytes at %d", length, offset)
	}
	if err != nil {
		return nil, wrapOp("read", r.name, err)
	}
	r.full = full
	if err := r.start(length); err != nil {
		return nil, wrapOp("read", r.name, err)
	}
	return r, nil
}

// Attrs describes the whole object.
func (r *Reader) Attrs() Attrs { return r.attrs }

// start makes the first connection and learns where the stream ends.
func (r *Reader) start(length int64) error {
	tried, err := r.bucket.retry.repeat(r.ctx, r.name, func() error { return r.connect(length) })
	if errors.Is(err, errBeyond) {
		err = r.startEmpty()
	}
	if err != nil {
		return err
	}
	r.attrs.Attempts = tried
	if r.attrs.Size < 0 {
		return nil
	}
	if r.offset > r.attrs.Size {
		r.drop()
		return invalid("offset %d is behind the end at %d", r.offset, r.attrs.Size)
	}
	r.end = r.attrs.Size
	if length >= 0 && r.offset+length < r.end {
		r.end = r.offset + length
	}
	return nil
}

// startEmpty serves a store that refuses ranges without a byte in them.
func (r *Reader) startEmpty() error {
	_, err := r.bucket.retry.run(r.ctx, r.name, func(ctx context.Context) (err error) {
		r.attrs, err = r.bucket.store.stat(ctx, r.full)
		return err
	})
	return err
}

// connect opens the body at the current offset, bounded by the policy.
func (r *Reader) connect(length int64) error {
	ctx, cancel := context.WithCancel(r.ctx)
	timeout := r.bucket.retry.policy.AttemptTimeout
	watch := time.AfterFunc(timeout, cancel)
	body, attrs, err := r.bucket.store.open(ctx, r.full, r.offset, length)
	watch.Stop()
	if err != nil {
		cancel()
		return r.bucket.retry.settle(r.ctx, err)
	}
	if r.attrs.Version != "" && r.attrs.Version != attrs.Version {
		cancel()
		body.Close()
		return fmt.Errorf("%w: version %s became %s", ErrChanged, r.attrs.Version, attrs.Version)
	}
	r.attrs, r.body, r.cancel, r.watch = attrs, body, cancel, watch
	if r.end > r.offset && attrs.Size == r.offset { // the length that came before was wrong
		r.end = r.offset
	}
	return nil
}

// drop ends the connection.
func (r *Reader) drop() {
	if r.body == nil {
		return
	}
	r.cancel()
	r.body.Close()
	r.body = nil
}

// Read implements io.Reader.
func (r *Reader) Read(p []byte) (int, error) {
	for {
		if r.pace.err != nil {
			return 0, wrapOp("read", r.name, r.pace.err)
		}
		if len(p) == 0 || r.end >= 0 && r.offset >= r.end {
			return 0, r.atEnd(len(p))
		}
		n, err := r.readSome(p)
		if n > 0 {
			r.offset += int64(n)
			r.failed = 0
			return n, nil
		}
		if err == io.EOF && (r.end < 0 || r.offset == r.end) {
			return 0, io.EOF
		}
		if err = r.recover(err); err != nil {
			return 0, wrapOp("read", r.name, err)
		}
	}
}

// atEnd looks whether the store has a checksum of another content, which it says
// with the end of the body.
func (r *Reader) atEnd(wanted int) error {
	if wanted == 0 {
		return nil
	}
	if r.body != nil {
		r.watch.Reset(r.bucket.retry.policy.AttemptTimeout)
		err := checkEnd(r.body)
		r.drop()
		if errors.Is(err, errCorrupt) {
			r.pace.err = err
			return wrapOp("read", r.name, err)
		}
	}
	return io.EOF
}

// readSome reads once from the connection, opening it where there is none.
func (r *Reader) readSome(p []byte) (int, error) {
	if r.body == nil {
		err := r.connect(r.remaining())
		if errors.Is(err, errBeyond) {
			return 0, r.shorten()
		}
		if err != nil {
			return 0, err
		}
	}
	if r.end >= 0 {
		p = p[:min(int64(len(p)), r.end-r.offset)]
	}
	r.watch.Reset(r.bucket.retry.policy.AttemptTimeout)
	start := time.Now()
	n, err := r.body.Read(p)
	r.watch.Stop()
	if r.pace.tooSlow(n, time.Since(start), r.bucket.retry.policy) {
		r.drop()
	}
	if err == nil || n > 0 || err == io.EOF && r.end < 0 {
		return n, err
	}
	return 0, r.bucket.retry.settle(r.ctx, bodyError(err, r.offset, r.attrs.Size))
}

// shorten serves a stream that the store has no more of than was read: the length
// that came with it was wrong. It returns io.EOF where that is all of the object.
func (r *Reader) shorten() error {
	begun := r.attrs
	if err := r.startEmpty(); err != nil {
		return err
	}
	if r.attrs.Version != begun.Version || r.attrs.Size != r.offset {
		return fmt.Errorf("%w: version %s of %d bytes became %s of %d", ErrChanged, begun.Version, begun.Size, r.attrs.Version, r.attrs.Size)
	}
	r.end = r.offset
	return io.EOF
}

func (r *Reader) remaining() int64 {
	if r.end < 0 {
		return -1
	}
	return r.end - r.offset
}

// recover decides whether to go on after err; nil means to try again.
func (r *Reader) recover(err error) error {
	if err == nil {
		return nil
	}
	r.drop()
	r.failed++
	if !errors.Is(err, ErrTransient) || r.failed >= r.bucket.retry.policy.Attempts {
		return err
	}
	return r.bucket.retry.wait(r.ctx, r.name, r.failed, err)
}

// Close ends the stream.
func (r *Reader) Close() error {
	r.drop()
	return nil
}
