package model

import (
	"context"
	"errors"
	"fmt"

	"github.com/sdl-batch/sdl-batch/storage"
)

// ReadPointer reads the pointer at uri. No object there is storage.ErrNotExist, a
// local folder storage.ErrInvalid, another object ErrInvalid.
func ReadPointer(ctx context.Context, uri string) (*Pointer, error) {
	bucket, key, err := beside(ctx, uri)
	if err != nil {
		return nil, fmt.Errorf("pointer: %w", err)
	}
	defer bucket.Close()
	return readPointer(ctx, bucket, key, storage.Redact(uri))
}

func readPointer(ctx context.Context, bucket *storage.Bucket, key, name string) (*Pointer, error) {
	text, _, err := bucket.ReadAll(ctx, key, maxPointerBytes)
	if errors.Is(err, storage.ErrTooLarge) {
		return nil, fmt.Errorf("%w pointer: %w", ErrInvalid, err)
	}
	if err != nil {
		return nil, fmt.Errorf("pointer: %w", err)
	}
	p, err := DecodePointer(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return p, nil
}

// WritePointer stores a pointer at uri in one write, over whatever pointer is
// there, and returns what is there then: p, or what somebody else wrote at the
// same time. Whatever the store answers to the write, reading back decides, but for
// storage.ErrUnsynced: what is read back may not last.
func WritePointer(ctx context.Context, uri string, p *Pointer) (*Pointer, error) {
	text, err := p.Encode()
	if err != nil {
		return nil, err
	}
	bucket, key, err := beside(ctx, uri)
	if err != nil {
		return nil, fmt.Errorf("pointer: %w", err)
	}
	defer bucket.Close()
	written := put(ctx, bucket, key, text)
	stored, err := readPointer(ctx, bucket, key, storage.Redact(uri))
	switch {
	case errors.Is(written, storage.ErrUnsynced):
		return nil, fmt.Errorf("pointer: %w", written)
	case err == nil && (written == nil || errors.Is(written, storage.ErrReplaced) || stored.Pointed == p.Pointed):
		return stored, nil
	case written != nil:
		return nil, fmt.Errorf("pointer: %w", written)
	}
	return nil, fmt.Errorf("reading back: %w", err)
}

// beside opens the folder that a pointer lies in.
func beside(ctx context.Context, uri string) (bucket *storage.Bucket, key string, err error) {
	parent, key, err := storage.SplitURI(uri)
	if err != nil {
		return nil, "", err
	}
	bucket, err = storage.Open(ctx, parent)
	return bucket, key, err
}

// WriteBeside stores a bundle beside the pointer at uri, in the folder that Point
// names, and returns it as stored. One that is there in full stays as it is.
func WriteBeside(ctx context.Context, uri string, b *Bundle) (*Bundle, error) {
	parent, _, err := storage.SplitURI(uri)
	if err != nil {
		return nil, err
	}
	to := folder{uri: parent, within: Point(b.ID()).Bundle}
	if there, err := openFolder(ctx, to); err == nil && there.ID() == b.ID() && there.Verify(ctx) == nil {
		return there, nil
	}
	return writeFolder(ctx, to, b, WriteOptions{})
}

// follow opens the bundle that the pointer at uri names; missing is the error
// where there is no pointer either.
func follow(ctx context.Context, uri string, missing error) (*Bundle, error) {
	p, err := ReadPointer(ctx, uri)
	for _, none := range []error{storage.ErrNotExist, storage.ErrPermission, storage.ErrInvalid} {
		if errors.Is(err, none) {
			return nil, missing
		}
	}
	if errors.Is(err, ErrInvalid) {
		return nil, fmt.Errorf("open bundle: this is neither a bundle's folder nor a pointer to one: %w", err)
	}
	if err != nil {
		return nil, fmt.Errorf("open bundle: %w", err)
	}
	parent, _, err := storage.SplitURI(uri)
	if err != nil {
		return nil, err
	}
	b, err := openFolder(ctx, folder{uri: parent, within: p.Bundle})
	if err != nil {
		return nil, fmt.Errorf("pointer %s: %w", storage.Redact(uri), err)
	}
	if b.ID() != p.ID {
		return nil, fmt.Errorf("%w pointer %s: it names bundle %s, but %s holds %s", ErrCorrupt, storage.Redact(uri), p.ID, b.Location(), b.ID())
	}
	b.Pointer = p
	return b, nil
}
