package storage

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
)

// Publish makes the finished object src appear as dst: a second link to the
// same file on local disks, a copy within the store elsewhere. It may be
// repeated: a dst that is there is compared with src, and where src is gone
// dst is taken as done. A dst with other content is ErrExist and stays.
func (b *Bucket) Publish(ctx context.Context, dst, src string) error {
	err := b.publishFrom(ctx, dst, src)
	if errors.Is(err, ErrNotExist) { // src is gone, before we came or since
		return b.published(ctx, dst, err)
	}
	return err
}

func (b *Bucket) publishFrom(ctx context.Context, dst, src string) error {
	source, err := b.Stat(ctx, src)
	if err != nil {
		return err
	}
	err = b.compare(ctx, dst, src, source)
	if !errors.Is(err, ErrNotExist) {
		return b.relyOn(ctx, dst, err)
	}
	err = b.link(ctx, dst, src)
	if errors.Is(err, ErrExist) {
		return b.relyOn(ctx, dst, b.compare(ctx, dst, src, source))
	}
	if err != nil {
		return err
	}
	return b.verify(ctx, dst, source)
}

// published accepts a dst whose source is gone; missing is what to say without.
func (b *Bucket) published(ctx context.Context, dst string, missing error) error {
	_, err := b.Stat(ctx, dst)
	if errors.Is(err, ErrNotExist) {
		return missing
	}
	return b.relyOn(ctx, dst, err)
}

// relyOn makes durable the name of a dst that was found in order, if err is nil.
func (b *Bucket) relyOn(ctx context.Context, dst string, err error) error {
	if err != nil {
		return err
	}
	_, err = b.do(ctx, "publish", dst, b.syncBeside)
	return err
}

func (b *Bucket) link(ctx context.Context, dst, src string) error {
	from, err := b.full(src)
	if err != nil {
		return wrapOp("publish", b.name(src), err)
	}
	_, err = b.do(ctx, "publish", dst, func(ctx context.Context, full string) error {
		return b.store.link(ctx, full, from)
	})
	return err
}

// verify looks at a dst that was just made.
func (b *Bucket) verify(ctx context.Context, dst string, source Attrs) error {
	found, err := b.Stat(ctx, dst)
	if errors.Is(err, ErrNotExist) {
		return wrapOp("publish", b.name(dst), fmt.Errorf("%w: copied, but missing afterwards", ErrTransient))
	}
	if err != nil {
		return err
	}
	return b.sameSize(dst, found, source)
}

func (b *Bucket) sameSize(dst string, found, source Attrs) error {
	if found.Size == source.Size {
		return nil
	}
	return wrapOp("publish", b.name(dst), fmt.Errorf("%w with %d bytes for %d", ErrExist, found.Size, source.Size))
}

// compare returns nil where dst has the content of src, ErrExist where it has
// another, ErrNotExist where it is missing.
func (b *Bucket) compare(ctx context.Context, dst, src string, source Attrs) error {
	found, err := b.Stat(ctx, dst)
	if err != nil {
		return err
	}
	if err := b.sameSize(dst, found, source); err != nil {
		return err
	}
	if b.store.same(b.store.prefix()+dst, b.store.prefix()+src, found, source) {
		return nil
	}
	return b.compareContent(ctx, dst, src)
}

func (b *Bucket) compareContent(ctx context.Context, dst, src string) error {
	left, err := b.NewReader(ctx, dst)
	if err != nil {
		return err
	}
	defer left.Close()
	right, err := b.NewReader(ctx, src)
	if err != nil {
		return err
	}
	defer right.Close()
	same, err := sameBytes(left, right)
	if err == nil && !same {
		err = wrapOp("publish", b.name(dst), fmt.Errorf("%w with other content", ErrExist))
	}
	return err
}

// sameBytes reads two streams to their ends and compares them.
func sameBytes(a, b io.Reader) (bool, error) {
	left, right := make([]byte, 64<<10), make([]byte, 64<<10)
	for {
		n, err := readChunk(a, left)
		if err != nil {
			return false, err
		}
		m, err := readChunk(b, right)
		if err != nil {
			return false, err
		}
		if !bytes.Equal(left[:n], right[:m]) {
			return false, nil
		}
		if n < len(left) {
			return true, nil
		}
	}
}

// readChunk fills p, but for the last chunk of a stream.
func readChunk(r io.Reader, p []byte) (int, error) {
	n, err := io.ReadFull(r, p)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return n, nil
	}
	return n, err
}
