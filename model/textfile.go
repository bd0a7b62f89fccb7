package model

import (
	"context"
	"errors"
	"fmt"

	"github.com/sdl-batch/sdl-batch/model/wordvectors"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/plain"
)

// inFile names the file of an error that lies in its content, and the kind of
// the error; errors of the store name it themselves.
func inFile(uri string, err error) error {
	switch {
	case errors.Is(err, wordvectors.ErrFormat):
		return fmt.Errorf("%s: %w: %w", storage.Redact(uri), ErrInvalid, err)
	case errors.Is(err, wordvectors.ErrDamaged):
		return fmt.Errorf("%s: %w: %w", storage.Redact(uri), ErrCorrupt, err)
	case errors.Is(err, plain.ErrTruncated), errors.Is(err, plain.ErrDamaged):
		return fmt.Errorf("%w: %w", ErrCorrupt, err) // names the file
	case errors.Is(err, ErrInvalid):
		return fmt.Errorf("%s: %w", storage.Redact(uri), err)
	}
	return err
}

// findVectors looks for words in the file of text vectors at uri. One that holds
// none is ErrInvalid, one that breaks off ErrCorrupt.
func findVectors(ctx context.Context, uri string, want wordvectors.Wanted) (*wordvectors.Found, error) {
	text, err := plain.Open(ctx, uri)
	if err != nil {
		return nil, fmt.Errorf("read vectors: %w", inFile(uri, err))
	}
	defer text.Close()
	found, err := wordvectors.Find(ctx, text, want)
	if err != nil {
		return nil, fmt.Errorf("read vectors: %w", inFile(uri, err))
	}
	return found, nil
}
