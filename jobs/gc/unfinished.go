package gc

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/dataset"
)

// unfinished gives up writes that were begun and not ended, wherever a run writes.
func (s *sweep) unfinished(ctx context.Context) error {
	removers, ctx := errgroup.WithContext(ctx)
	removers.SetLimit(removersAtOnce)
	err := s.writes(ctx, func(u storage.Unfinished, r *run, winner string) {
		removers.Go(func() error { return s.giveUp(ctx, u, r, winner) })
	})
	if removing := removers.Wait(); removing != nil {
		return removing
	}
	return err
}

// writes calls each with the writes in the places where runs write, their runs and
// the winners of their shards.
func (s *sweep) writes(ctx context.Context, each func(storage.Unfinished, *run, string)) error {
	for _, prefix := range dataset.Places(s.RunID) {
		for u, err := range s.out.Unfinished(ctx, prefix) {
			if errors.Is(err, storage.ErrUnsupported) || errors.Is(err, storage.ErrPermission) {
				s.sum.Warnings = []string{fmt.Sprintf("uploads that were not ended could not be listed: %v", err)}
				break
			}
			if err != nil {
				return err
			}
			place, ours := dataset.PlaceOf(u.Key)
			if !ours {
				continue
			}
			r, err := s.runOf(ctx, place.Run)
			if err != nil {
				return err
			}
			winner, _, err := s.winner(ctx, r, place.Shard)
			if err != nil {
				return err
			}
			each(u, r, winner)
		}
	}
	return nil
}

// runOf is the run as it was found, also where it has nothing but unfinished writes.
func (s *sweep) runOf(ctx context.Context, id string) (*run, error) {
	if r := s.runs[id]; r != nil {
		return r, nil
	}
	r, err := s.read(ctx, id)
	if err == nil {
		s.runs[id] = r
	}
	return r, err
}

func (s *sweep) giveUp(ctx context.Context, u storage.Unfinished, r *run, winner string) error {
	place, _ := dataset.PlaceOf(u.Key)
	v := judge(r.state, file{Place: place, winner: winner, old: u.Since.Before(s.before), unfinished: true})
	switch {
	case v.left != "":
		s.leave(r, v.left, u.Bytes)
	case v.remove:
		if !s.DryRun {
			if err := s.out.Discard(ctx, u); err != nil {
				return err
			}
		}
		s.gone(r, u.Bytes, true)
	}
	return nil
}

// folders removes what became empty of runs that are over, and of those without a
// plan what has long been empty. A live run keeps its folders.
func (s *sweep) folders(ctx context.Context) error {
	if s.DryRun {
		return nil
	}
	for id, r := range s.runs {
		var may func(string, time.Time) bool
		switch r.state {
		case Committed, Abandoned:
			may = func(string, time.Time) bool { return true }
		case Unplanned:
			may = func(_ string, modified time.Time) bool { return modified.Before(s.before) }
		default:
			continue
		}
		places := []string{dataset.RunPrefix(id)}
		if r.state == Abandoned {
			places = dataset.Places(id)
		}
		for _, folder := range places {
			if err := s.out.RemoveEmptyFolders(ctx, folder, may); err != nil {
				return err
			}
		}
	}
	return nil
}
