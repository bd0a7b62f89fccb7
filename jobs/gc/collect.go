package gc

import (
	"context"

	"golang.org/x/sync/errgroup"

	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/dataset"
)

// collection is the removal of one run's files.
type collection struct {
	*sweep
	run      *run
	removers *errgroup.Group
}

// kept removes rows of a manifest that no plan names. Before those of a run without
// a plan go, the plan's place is taken: a planner that wakes up then finds it taken
// and never relies on them.
func (c *collection) kept(ctx context.Context) error {
	var found []storage.Object
	old := true
	if err := c.each(ctx, dataset.KeptPrefix(c.run.id), func(ctx context.Context, o storage.Object) error {
		found, old = append(found, o), old && o.ModTime.Before(c.before)
		return nil
	}); err != nil {
		return err
	}
	if c.run.state == Unplanned && old && len(found) > 0 && !c.DryRun {
		if _, err := dataset.AbandonUnplanned(ctx, c.out, c.run.id, c.Program); err != nil {
			return err
		}
		now, err := c.read(ctx, c.run.id)
		if err != nil {
			return err
		}
		c.run = now
	}
	for _, o := range found {
		if c.run.state == Unplanned && !old {
			c.leave(c.run, TooYoung, o.Size)
		} else if err := c.settle(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

func (c *collection) probes(ctx context.Context) error {
	return c.each(ctx, dataset.ProbePrefix(c.run.id), c.settle)
}

// tables removes what commits of an abandoned run have published: readers would take
// it for a whole run.
func (c *collection) tables(ctx context.Context) error {
	if c.run.state != Abandoned {
		return nil
	}
	for _, table := range dataset.Tables {
		if err := c.each(ctx, dataset.TablePrefix(table, c.run.id), c.settle); err != nil {
			return err
		}
	}
	return nil
}

// each calls do for every object below a prefix.
func (c *collection) each(ctx context.Context, prefix string, do func(context.Context, storage.Object) error) error {
	for o, err := range c.out.List(ctx, prefix) {
		if err != nil {
			return err
		}
		if err := do(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

// attempts removes attempts that do not count. A listing has the attempts at one
// shard side by side.
func (c *collection) attempts(ctx context.Context) error {
	var shard []storage.Object
	last := -1
	err := c.each(ctx, dataset.AttemptsPrefix(c.run.id), func(ctx context.Context, o storage.Object) error {
		if err := c.inspect(ctx, c.run); err != nil {
			return err
		}
		if c.run.state != Live {
			return c.settle(ctx, o)
		}
		place, ours := dataset.PlaceOf(o.Key)
		if !ours || place.Kind != dataset.AttemptFile {
			return nil
		}
		if place.Shard != last {
			c.contest(ctx, shard)
			shard, last = nil, place.Shard
		}
		shard = append(shard, o)
		return nil
	})
	if err == nil {
		c.contest(ctx, shard)
	}
	return err
}

// contest removes the attempts at one shard of a live run that lost. A single
// attempt at a shard that is done is the one that counts.
func (c *collection) contest(ctx context.Context, files []storage.Object) {
	attempts := map[string]bool{}
	shard := 0
	for _, o := range files {
		place, _ := dataset.PlaceOf(o.Key)
		attempts[place.Attempt], shard = true, place.Shard
	}
	if done := shard < len(c.run.done) && c.run.done[shard]; len(files) == 0 || done && len(attempts) == 1 {
		return
	}
	c.removers.Go(func() error {
		winner, readable, err := c.winner(ctx, c.run, shard)
		if err != nil {
			return err
		}
		for _, o := range files {
			if !readable {
				c.leave(c.run, NotKnown, o.Size)
			} else if err := c.decide(ctx, o, winner); err != nil {
				return err
			}
		}
		return nil
	})
}

// settle decides on a file that is no attempt of a live run, beside the others.
func (c *collection) settle(ctx context.Context, o storage.Object) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	of := *c
	c.removers.Go(func() error { return of.decide(ctx, o, "") })
	return nil
}

// decide removes a file or says why it stays.
func (c *collection) decide(ctx context.Context, o storage.Object, winner string) error {
	place, known := dataset.PlaceOf(o.Key)
	if !known {
		return nil
	}
	v := judge(c.run.state, file{Place: place, named: o.Key == c.run.kept, winner: winner, old: o.ModTime.Before(c.before)})
	switch {
	case v.left != "":
		c.leave(c.run, v.left, o.Size)
	case v.remove:
		if !c.DryRun {
			if err := c.out.Delete(ctx, o.Key); err != nil {
				return err
			}
		}
		c.gone(c.run, o.Size, false)
	}
	return nil
}
