package label

import (
	"context"
	"errors"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/dataset"
)

// newestAlike returns the plan of the newest run that has the fingerprint and of
// which something is left to do; nil when there is none.
func newestAlike(ctx context.Context, out *storage.Bucket, fingerprint string) (*dataset.Plan, error) {
	runs, err := dataset.Runs(ctx, out)
	if err != nil {
		return nil, err
	}
	plans := make([]*dataset.Plan, len(runs))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(32)
	for i, id := range runs {
		group.Go(func() (err error) {
			plans[i], err = openAlike(ctx, out, id, fingerprint)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var found *dataset.Plan
	for _, p := range slices.Backward(plans) {
		if p != nil && (found == nil || p.CreatedAt.After(found.CreatedAt)) {
			found = p
		}
	}
	return found, nil
}

// openAlike returns the plan of a run that may be gone on with, nil where it
// may not: it is over, is another one, or has a plan that cannot be read.
func openAlike(ctx context.Context, out *storage.Bucket, run, fingerprint string) (*dataset.Plan, error) {
	if open, err := isOpen(ctx, out, run); err != nil || !open {
		return nil, err
	}
	p, err := dataset.ReadPlan(ctx, out, run)
	if errors.Is(err, storage.ErrTransient) || ctx.Err() != nil {
		return nil, err
	}
	if err != nil || p.Fingerprint != fingerprint {
		return nil, nil
	}
	return p, nil
}

// isOpen tells whether something is left to do of a run: it is neither committed
// nor abandoned, or who committed it was killed before the last marker.
func isOpen(ctx context.Context, out *storage.Bucket, run string) (bool, error) {
	_, err := out.Stat(ctx, dataset.CommitKey(run))
	if errors.Is(err, storage.ErrNotExist) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	return unmarked(ctx, out, run)
}

// unmarked tells whether a committed run lacks the marker that is set last, while
// the table has parts: a run whose tables somebody has deleted is over.
func unmarked(ctx context.Context, out *storage.Bucket, run string) (bool, error) {
	last := dataset.Tables[len(dataset.Tables)-1]
	_, err := out.Stat(ctx, dataset.SuccessKey(last, run))
	if !errors.Is(err, storage.ErrNotExist) {
		return false, err
	}
	for _, err := range out.List(ctx, dataset.TablePrefix(last, run)) {
		if err != nil {
			return false, err
		}
		return isCommitted(ctx, out, run)
	}
	return false, nil
}

// isCommitted tells whether a run has a commit that can be read.
func isCommitted(ctx context.Context, out *storage.Bucket, run string) (bool, error) {
	_, err := dataset.ReadCommit(ctx, out, run)
	if errors.Is(err, storage.ErrTransient) || ctx.Err() != nil {
		return false, err
	}
	return err == nil, nil
}
