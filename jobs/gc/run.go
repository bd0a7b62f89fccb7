package gc

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/jobs/engine"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/dataset"
)

const (
	removersAtOnce = 32 // files
	runsAtOnce     = 8
)

// Run removes the litter of a dataset, or of one run. handle receives Progress; it
// may be nil. What is held is a page of a listing for each of a few runs, the plans
// of live runs, and the records of those of which there is something to tell. Errors
// wrap jobs.ErrConfig, ErrCommitted or storage's; what was removed by then stays so.
func Run(ctx context.Context, o Options, handle engine.Handler) (*Summary, error) {
	began := time.Now()
	if err := o.validate(); err != nil {
		return nil, err
	}
	out, err := storage.Open(ctx, o.Dataset)
	if err != nil {
		return nil, jobs.AsConfig(ctx, err)
	}
	defer out.Close()
	s := &sweep{
		Options: o, out: out, before: began.Add(-o.OlderThan), handle: engine.Serial(handle),
		runs: map[string]*run{}, told: map[string]*RunSummary{}, sum: Summary{Dataset: out.URI(), DryRun: o.DryRun},
	}
	if err := s.everything(ctx); err != nil {
		return nil, jobs.CauseOf(ctx, err)
	}
	s.sum.Seconds = time.Since(began).Seconds()
	return s.summary(), nil
}

// sweep is one collection at work.
type sweep struct {
	Options
	out    *storage.Bucket
	before time.Time // what happened last before this is old
	handle engine.Handler

	mu   sync.Mutex
	runs map[string]*run
	told map[string]*RunSummary
	sum  Summary
}

// everything removes files, then writes that were not ended, then the folders that
// have become empty.
func (s *sweep) everything(ctx context.Context) error {
	ids, err := s.ids(ctx)
	if err != nil {
		return err
	}
	if err := s.files(ctx, ids); err != nil {
		return err
	}
	if err := s.unfinished(ctx); err != nil {
		return err
	}
	if len(ids) == 0 && len(s.told) == 0 {
		return fmt.Errorf("%w: %s holds no run: %w", jobs.ErrConfig, s.out.URI(), storage.ErrNotExist)
	}
	return s.folders(ctx)
}

// ids are the runs to look at. The one that was named is abandoned first where that
// was asked for.
func (s *sweep) ids(ctx context.Context) ([]string, error) {
	if s.RunID == "" {
		return dataset.Runs(ctx, s.out)
	}
	if err := s.exists(ctx); err != nil {
		return nil, err
	}
	return []string{s.RunID}, s.abandon(ctx)
}

// files looks at several runs at once, and removes many files at once.
func (s *sweep) files(ctx context.Context, ids []string) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	removers, ctx := errgroup.WithContext(ctx)
	removers.SetLimit(removersAtOnce)
	var runs errgroup.Group
	runs.SetLimit(runsAtOnce)
	for _, id := range ids {
		runs.Go(func() error {
			err := s.filesOf(ctx, removers, id)
			if err != nil {
				stop(err)
			}
			return err
		})
	}
	if errors.Join(runs.Wait(), removers.Wait()) != nil {
		return context.Cause(ctx) // what came first and ended the rest
	}
	return nil
}

// filesOf removes the files of one run that are litter.
func (s *sweep) filesOf(ctx context.Context, removers *errgroup.Group, id string) error {
	r, err := s.read(ctx, id)
	if err != nil {
		return err
	}
	c := &collection{sweep: s, run: r, removers: removers}
	for _, step := range []func(context.Context) error{c.attempts, c.kept, c.probes, c.tables} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	c.run.commit = nil // of a thousand shards, half a megabyte
	s.mu.Lock()
	defer s.mu.Unlock()
	s.runs[id] = c.run
	s.sum.Runs++
	return nil
}
