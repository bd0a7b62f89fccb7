package plain

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/sdl-batch/sdl-batch/storage"
)

// File is an object of a store, read as it was before it was compressed.
type File struct {
	*Reader
	name    string // redacted
	closers []io.Closer
}

// Open opens the object at uri for reading from its begin to its end; it is
// never in memory as a whole. Errors of the compression name the object, as
// errors of the store do.
func Open(ctx context.Context, uri string) (*File, error) {
	folder, key, err := storage.SplitURI(uri)
	if err != nil {
		return nil, err
	}
	bucket, err := storage.Open(ctx, folder)
	if err != nil {
		return nil, err
	}
	object, err := bucket.NewReader(ctx, key)
	if err != nil {
		return nil, errors.Join(err, bucket.Close())
	}
	f := &File{name: storage.Redact(uri), closers: []io.Closer{object, bucket}}
	text, err := NewReader(object)
	if err != nil {
		return nil, errors.Join(f.named(err), f.Close())
	}
	f.Reader, f.closers = text, append([]io.Closer{text}, f.closers...)
	return f, nil
}

// Read implements io.Reader.
func (f *File) Read(p []byte) (int, error) {
	n, err := f.Reader.Read(p)
	return n, f.named(err)
}

// Close ends the stream.
func (f *File) Close() error {
	var errs []error
	for _, c := range f.closers {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// named names the object in an error of the compression.
func (f *File) named(err error) error {
	if errors.Is(err, ErrTruncated) || errors.Is(err, ErrDamaged) || errors.Is(err, ErrWindow) {
		return fmt.Errorf("%s: %w", f.name, err)
	}
	return err
}
