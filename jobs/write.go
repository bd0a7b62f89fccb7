package jobs

import (
	"context"
	"io"

	"github.com/sdl-batch/sdl-batch/storage"
)

// WriteObject stores what content writes at uri, in place of what is there;
// nothing where content fails.
func WriteObject(ctx context.Context, uri string, content func(io.Writer) error) error {
	folder, key, err := storage.SplitURI(uri)
	if err != nil {
		return err
	}
	bucket, err := storage.Open(ctx, folder)
	if err != nil {
		return err
	}
	defer bucket.Close()
	return bucket.WriteObject(ctx, key, content)
}
