package model

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/sdl-batch/sdl-batch/storage"
)

// WriteOptions tunes WriteBundle.
type WriteOptions struct {
	Force   bool   // replace another bundle at the same place
	Program string // recorded where the description names no program
}

// WriteBundle stores a bundle in the folder at uri: its files first, model.json
// last, so that a folder with a model.json is complete. A folder that holds
// another bundle is refused (storage.ErrExist) unless forced; one with the same
// ID is written again. A Pointer at uri is never written over (ErrInvalid). It
// returns the bundle as stored.
func WriteBundle(ctx context.Context, uri string, b *Bundle, opts WriteOptions) (*Bundle, error) {
	if p, err := ReadPointer(ctx, uri); err == nil {
		return nil, fmt.Errorf("write bundle: %w folder: %s is a pointer to bundle %s", ErrInvalid, storage.Redact(uri), p.Bundle)
	}
	return writeFolder(ctx, folder{uri: uri}, b, opts)
}

func writeFolder(ctx context.Context, to folder, b *Bundle, opts WriteOptions) (*Bundle, error) {
	stored := &Bundle{Description: stamped(b.Description, opts.Program), source: to}
	text, err := stored.Description.Encode()
	if err != nil {
		return nil, err
	}
	if err := checkTarget(ctx, to, stored.ID(), opts.Force); err != nil {
		return nil, err
	}
	bucket, err := to.open(ctx)
	if err != nil {
		return nil, err
	}
	defer bucket.Close()
	if opts.Force {
		err = bucket.Delete(ctx, to.key(descriptionName))
	}
	if err := errors.Join(err, copyFiles(ctx, bucket, to, b)); err != nil {
		return nil, fmt.Errorf("write bundle: %w", err)
	}
	if err := put(ctx, bucket, to.key(descriptionName), text); err != nil {
		return nil, fmt.Errorf("write bundle: %w", err)
	}
	return stored, nil
}

func stamped(d Description, program string) Description {
	if d.CreatedAt.IsZero() {
		d.CreatedAt = time.Now().UTC().Truncate(time.Second)
	}
	if d.Program == "" {
		d.Program = program
	}
	return d
}

// checkTarget refuses a folder that holds another bundle.
func checkTarget(ctx context.Context, to folder, id string, force bool) error {
	if force {
		return nil
	}
	existing, err := openFolder(ctx, to)
	switch {
	case errors.Is(err, storage.ErrNotExist):
		return nil
	case errors.Is(err, ErrInvalid):
		return fmt.Errorf("write bundle: %s holds a %s that cannot be read: %w: %w", to.location(), descriptionName, storage.ErrExist, err)
	case err != nil:
		return fmt.Errorf("write bundle: %w", err)
	case existing.ID() != id:
		return fmt.Errorf("write bundle: %s holds another bundle (%s): %w", to.location(), existing.ID(), storage.ErrExist)
	}
	return nil
}

func copyFiles(ctx context.Context, bucket *storage.Bucket, to folder, b *Bundle) error {
	for _, file := range b.Description.Files.all() {
		data, err := b.file(ctx, file)
		if err != nil {
			return err
		}
		if err := put(ctx, bucket, to.key(file.Name), data); err != nil {
			return err
		}
	}
	return nil
}

// put stores one object whole.
func put(ctx context.Context, bucket *storage.Bucket, name string, data []byte) error {
	return bucket.WriteObject(ctx, name, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}
