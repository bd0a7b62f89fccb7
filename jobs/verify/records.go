package verify

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/dataset"
)

// records reads the plan and the commit, and reports whether both can be used.
// The error is jobs.ErrConfig where the run was never committed, or is newer than
// this program.
func (c *check) records(ctx context.Context) (usable bool, err error) {
	plan, commit := dataset.PlanKey(c.RunID), dataset.CommitKey(c.RunID)
	var planErr, commitErr error
	c.plan, planErr = dataset.ReadPlan(ctx, c.out, c.RunID)
	c.commit, commitErr = dataset.ReadCommit(ctx, c.out, c.RunID)
	for _, err := range []error{planErr, commitErr} {
		if errors.Is(err, dataset.ErrAbandoned) {
			return false, fmt.Errorf("%w: %w", jobs.ErrConfig, err)
		}
	}
	if errors.Is(planErr, dataset.ErrNewer) && commitErr != nil { // one program writes both
		return false, fmt.Errorf("%w: %w", jobs.ErrConfig, planErr)
	}
	if errors.Is(commitErr, storage.ErrNotExist) {
		if err := c.neverCommitted(ctx, planErr, commitErr); err != nil {
			return false, err
		}
	}
	planFine, err := c.fine(plan, planErr)
	if err != nil {
		return false, err
	}
	commitFine, err := c.fine(commit, commitErr)
	return planFine && commitFine, err
}

// neverCommitted returns an error unless a marker tells that a commit was there.
func (c *check) neverCommitted(ctx context.Context, planErr, commitErr error) error {
	for _, table := range dataset.Tables {
		switch _, err := c.out.Stat(ctx, dataset.SuccessKey(table, c.RunID)); {
		case err == nil:
			return nil
		case !errors.Is(err, storage.ErrNotExist):
			return err
		}
	}
	if errors.Is(planErr, storage.ErrNotExist) {
		return fmt.Errorf("%w: %s has no run %s: %w", jobs.ErrConfig, c.out.URI(), c.RunID, planErr)
	}
	if planErr != nil {
		return planErr
	}
	return fmt.Errorf("%w: run %s is not committed yet: %w", jobs.ErrConfig, c.RunID, commitErr)
}

// fine notes a record that is missing or unreadable. Other errors are the
// store's.
func (c *check) fine(key string, err error) (bool, error) {
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, storage.ErrNotExist):
		c.report.note(key, "missing", "is not there, though the run was committed")
	case errors.Is(err, dataset.ErrRecord), errors.Is(err, storage.ErrInvalid), errors.Is(err, storage.ErrTooLarge):
		c.report.note(key, "readable", "%v", err)
	default:
		return false, err
	}
	return false, nil
}

// compareRecords checks that commit, plan and receipts agree, and that each is
// what was sealed.
func (c *check) compareRecords(ctx context.Context) error {
	if err := c.readReceipts(ctx); err != nil {
		return err
	}
	c.commitFitsPlan()
	c.commitFitsReceipts()
	c.compareSeals()
	return c.strays(ctx)
}

// readReceipts reads the receipt of every shard; what cannot be read stays nil.
func (c *check) readReceipts(ctx context.Context) error {
	c.receipts = make([]*dataset.Receipt, len(c.plan.Shards))
	errs := make([]error, len(c.receipts))
	var group errgroup.Group
	group.SetLimit(32)
	for i := range c.receipts {
		group.Go(func() error {
			c.receipts[i], errs[i] = dataset.ReadReceipt(ctx, c.out, c.plan, i)
			return nil
		})
	}
	group.Wait()
	for i, err := range errs {
		if _, err := c.fine(dataset.ReceiptKey(c.RunID, i), err); err != nil {
			return err
		}
	}
	return nil
}
