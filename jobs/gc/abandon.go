package gc

import (
	"context"
	"errors"
	"fmt"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/dataset"
)

// exists refuses the name of a run of which there is nothing.
func (s *sweep) exists(ctx context.Context) error {
	for _, err := range s.out.List(ctx, dataset.RunPrefix(s.RunID)) {
		return err
	}
	for _, err := range s.out.Unfinished(ctx, dataset.RunPrefix(s.RunID)) {
		if err == nil {
			return nil
		}
	}
	return fmt.Errorf("%w: %s has no run %s: %w", jobs.ErrConfig, s.out.URI(), s.RunID, storage.ErrNotExist)
}

// abandon gives the named run up, if that was asked for.
func (s *sweep) abandon(ctx context.Context) error {
	if !s.Abandon {
		return nil
	}
	if s.DryRun {
		if _, err := dataset.ReadCommit(ctx, s.out, s.RunID); err == nil {
			return s.committed()
		}
		return nil
	}
	_, err := dataset.ReadPlan(ctx, s.out, s.RunID)
	if errors.Is(err, storage.ErrNotExist) {
		if given, err := dataset.AbandonUnplanned(ctx, s.out, s.RunID, s.Program); given || err != nil {
			return err
		}
	}
	if errors.Is(err, dataset.ErrAbandoned) {
		return nil
	}
	given, err := dataset.Abandon(ctx, s.out, s.RunID, s.Program)
	if err == nil && !given {
		return s.committed()
	}
	return err
}

func (s *sweep) committed() error {
	return fmt.Errorf("%w: run %s %w", jobs.ErrConfig, s.RunID, ErrCommitted)
}
