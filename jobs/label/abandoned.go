package label

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/dataset"
)

// refused marks the error of a run that was abandoned as jobs.ErrConfig.
func refused(err error) error {
	if errors.Is(err, dataset.ErrAbandoned) {
		return fmt.Errorf("%w: %w", jobs.ErrConfig, err)
	}
	return err
}

// unpublish removes what commits of an abandoned run have published, so that nobody
// reads half a run. What is left of it, here or by a commit that is still at work, gc
// removes.
func unpublish(ctx context.Context, out *storage.Bucket, run string) {
	var group errgroup.Group
	group.SetLimit(16)
	defer group.Wait()
	for _, table := range dataset.Tables {
		for part, err := range out.List(ctx, dataset.TablePrefix(table, run)) {
			if err != nil {
				return
			}
			group.Go(func() error { return out.Delete(ctx, part.Key) })
		}
	}
}
