package labelimport

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/plain"
	"github.com/sdl-batch/sdl-batch/training/sources/coco"
	"github.com/sdl-batch/sdl-batch/training/sources/nuswide"
	"github.com/sdl-batch/sdl-batch/training/sources/openimages"
)

// input is an open file of a set.
type input struct {
	io.Reader
	io.Closer
}

// open opens a file for reading from its begin to its end, compressed or not.
func open(ctx context.Context, uri string) (*input, error) {
	file, err := plain.Open(ctx, uri)
	if err != nil {
		return nil, err
	}
	text := bufio.NewReader(file)
	if head, _ := text.Peek(4); string(head) == "PK\x03\x04" {
		file.Close()
		return nil, fmt.Errorf("%w: %s is a zip archive; unpack it first", jobs.ErrConfig, storage.Redact(uri))
	}
	return &input{text, file}, nil
}

// outcome is an error of an import: what is wrong with the content of a file is
// jobs.ErrConfig, errors of storage stay what they are, and where the context
// ended, its cause is among them.
func outcome(ctx context.Context, err error) error {
	for _, content := range []error{coco.ErrInvalid, nuswide.ErrInvalid, openimages.ErrInvalid, plain.ErrTruncated, plain.ErrDamaged} {
		if errors.Is(err, content) {
			err = jobs.AsConfig(ctx, err)
			break
		}
	}
	return jobs.CauseOf(ctx, err)
}
