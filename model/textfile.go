package model

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/sdl-batch/sdl-batch/model/wordvectors"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/plain"
)

// textFile is an object of a store as it was before it was compressed.
type textFile struct {
	*plain.Reader
	file   io.Closer
	bucket io.Closer
}

// openText opens the object at uri for reading from its begin to its end. It is
// never in memory as a whole.
func openText(ctx context.Context, uri string) (*textFile, error) {
	parent, name, err := storage.SplitURI(uri)
	if err != nil {
		return nil, err
	}
	bucket, err := storage.Open(ctx, parent)
	if err != nil {
		return nil, err
	}
	file, err := bucket.NewReader(ctx, name)
	if err != nil {
		bucket.Close()
		return nil, err
	}
	text, err := plain.NewReader(file)
	if err != nil {
		file.Close()
		bucket.Close()
		return nil, inFile(uri, err)
	}
	return &textFile{text, file, bucket}, nil
}

// Close ends the stream.
func (f *textFile) Close() error {
	return errors.Join(f.Reader.Close(), f.file.Close(), f.bucket.Close())
}

// inFile names the file of an error that lies in its content, and the kind of
// the error; errors of the store name it themselves.
func inFile(uri string, err error) error {
	switch {
	case errors.Is(err, wordvectors.ErrFormat):
		return fmt.Errorf("%s: %w: %w", storage.Redact(uri), ErrInvalid, err)
	case errors.Is(err, wordvectors.ErrDamaged), errors.Is(err, plain.ErrTruncated), errors.Is(err, plain.ErrDamaged):
		return fmt.Errorf("%s: %w: %w", storage.Redact(uri), ErrCorrupt, err)
	case errors.Is(err, ErrInvalid):
		return fmt.Errorf("%s: %w", storage.Redact(uri), err)
	}
	return err
}

// findVectors looks for words in the file of text vectors at uri. One that holds
// none is ErrInvalid, one that breaks off ErrCorrupt.
func findVectors(ctx context.Context, uri string, want wordvectors.Wanted) (*wordvectors.Found, error) {
	text, err := openText(ctx, uri)
	if err != nil {
		return nil, fmt.Errorf("read vectors: %w", err)
	}
	defer text.Close()
	found, err := wordvectors.Find(ctx, text, want)
	if err != nil {
		return nil, fmt.Errorf("read vectors: %w", inFile(uri, err))
	}
	return found, nil
}
