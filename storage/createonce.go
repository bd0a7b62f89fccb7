package storage

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"
)

// maxOnceBytes bounds what CreateOnce writes and reads back.
const maxOnceBytes = 1 << 30

// CreateOnce stores data under key unless an object is there already, and
// returns what is stored now. The first of all callers wins and every caller
// sees the winner's bytes: compare them with data to learn whether it won.
// Whatever the store answers to the write, the outcome is decided by reading
// back, because a write that was stored may be answered by an error, and its
// repetition by "exists". An object that is too large is ErrTooLarge.
func (b *Bucket) CreateOnce(ctx context.Context, key string, data []byte) (stored []byte, err error) {
	if len(data) > maxOnceBytes {
		return nil, wrapOp("create", b.name(key), tooLarge(int64(len(data)), maxOnceBytes))
	}
	full, err := b.full(key)
	if err != nil {
		return nil, wrapOp("create", b.name(key), err)
	}
	_, err = b.retry.repeat(ctx, b.name(key), func() error {
		stored, err = b.createAndRead(ctx, full, data)
		return err
	})
	return stored, wrapOp("create", b.name(key), err)
}

// createAndRead makes one attempt to write and one to read the outcome.
func (b *Bucket) createAndRead(ctx context.Context, full string, data []byte) (stored []byte, err error) {
	written := b.retry.once(ctx, func(ctx context.Context) error {
		return b.store.putOnce(ctx, full, data)
	})
	err = b.retry.once(ctx, func(ctx context.Context) (err error) {
		stored, _, err = b.readOnce(ctx, full, nil, maxOnceBytes)
		return err
	})
	switch {
	case ctx.Err() != nil:
		return stored, err
	case err != nil:
		return nil, unclear(written, err)
	case written != nil: // the name is another writer's, or was not made durable
		return stored, b.syncBeside(ctx, full)
	}
	return stored, nil
}

// unclear explains why no object could be read back after a write.
func unclear(written, read error) error {
	missing := errors.Is(read, ErrNotExist)
	switch {
	case missing && (written == nil || errors.Is(written, ErrExist)):
		return fmt.Errorf("%w: written, but missing when read back", ErrTransient)
	case missing:
		return written
	case written == nil || errors.Is(written, ErrExist):
		return read
	}
	return fmt.Errorf("%w; reading back: %w", written, read)
}

// ProbeCreateOnce tries on a small object below prefix, which it deletes
// again, whether the store keeps the promise of CreateOnce. It is
// ErrUnsupported where a second writer replaced the first, or where the bytes
// that were read are not those that were written.
func (b *Bucket) ProbeCreateOnce(ctx context.Context, prefix string) error {
	key := prefix + ".sdl-probe-" + rand.Text()
	defer b.deleteProbe(ctx, key)
	first, second := []byte("first "+rand.Text()), []byte("second "+rand.Text())
	for _, data := range [][]byte{first, second} {
		stored, err := b.CreateOnce(ctx, key, data)
		if err != nil {
			return err
		}
		if err := judgeProbe(stored, first, second); err != nil {
			return wrapOp("probe", b.uri, err)
		}
	}
	return nil
}

func judgeProbe(stored, first, second []byte) error {
	switch {
	case bytes.Equal(stored, first):
		return nil
	case bytes.Equal(stored, second):
		return fmt.Errorf("create-once is %w: a second write replaced the first", ErrUnsupported)
	}
	return fmt.Errorf("this store is %w: it returns other bytes than were written", ErrUnsupported)
}

// deleteProbe cleans up, also after ctx ended.
func (b *Bucket) deleteProbe(ctx context.Context, key string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	b.Delete(ctx, key)
}
