package gc

import (
	"context"
	"errors"
	"fmt"

	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/dataset"
)

// run is one run as it was found.
type run struct {
	id     string
	state  State
	why    string          // of what is Damaged or Unreadable
	plan   *dataset.Plan   // of a live run
	commit *dataset.Commit // of a committed one, until its parts or all its files were looked at
	done   []bool          // shards of a live run that have a receipt
	kept   string          // file of rows that the plan names; "" without
}

// read finds out how far a run came.
func (s *sweep) read(ctx context.Context, id string) (*run, error) {
	r := &run{id: id}
	plan, planErr := dataset.ReadPlan(ctx, s.out, id)
	if unclear(planErr) {
		return nil, planErr
	}
	commit, commitErr := dataset.ReadCommit(ctx, s.out, id)
	if unclear(commitErr) {
		return nil, commitErr
	}
	if plan != nil && plan.Manifest.Kept != nil {
		r.kept = plan.Manifest.Kept.Key
	}
	switch {
	case errors.Is(commitErr, dataset.ErrAbandoned), errors.Is(planErr, dataset.ErrAbandoned):
		r.state = Abandoned
	case errors.Is(planErr, storage.ErrNotExist) && errors.Is(commitErr, storage.ErrNotExist):
		r.state = Unplanned
	case planErr != nil:
		r.state, r.why = Unreadable, planErr.Error()
	case commitErr == nil && commit.Seal != nil && !commit.Intact():
		r.state, r.why = Damaged, dataset.CommitKey(id)+" was altered"
	case commitErr == nil:
		r.state, r.commit = Committed, commit
	case errors.Is(commitErr, storage.ErrNotExist):
		r.state, r.plan = Live, plan
	default:
		r.state, r.why = Unreadable, commitErr.Error()
	}
	if s.Abandon && s.DryRun && r.state != Committed {
		r.state, r.why = Abandoned, ""
	}
	return r, errors.Join(s.shardsDone(ctx, r), s.planLost(ctx, r))
}

// planLost tells a run that has lost its plan from one that never had any.
func (s *sweep) planLost(ctx context.Context, r *run) error {
	if r.state != Unplanned {
		return nil
	}
	for _, prefix := range []string{dataset.ReceiptsPrefix(r.id), dataset.AttemptsPrefix(r.id)} {
		for o, err := range s.out.List(ctx, prefix) {
			if err == nil {
				r.state, r.why = Unreadable, fmt.Sprintf("there is %s, and no plan", o.Key)
			}
			return err
		}
	}
	return nil
}

// unclear tells an answer of the store that says nothing about a record.
func unclear(err error) bool {
	for _, known := range []error{storage.ErrNotExist, dataset.ErrAbandoned, dataset.ErrRecord, storage.ErrInvalid, storage.ErrTooLarge} {
		if errors.Is(err, known) {
			return errors.Is(err, storage.ErrNoBucket)
		}
	}
	return err != nil
}

func (s *sweep) shardsDone(ctx context.Context, r *run) (err error) {
	if r.state == Live {
		r.done, err = dataset.Done(ctx, s.out, r.plan)
	}
	return err
}

// inspect makes sure that what a commit published is there in full, before the
// attempts, its only other copies, are removed.
func (s *sweep) inspect(ctx context.Context, r *run) error {
	if r.commit == nil {
		return nil
	}
	found := map[string]int64{}
	for _, table := range dataset.Tables {
		for part, err := range s.out.List(ctx, dataset.TablePrefix(table, r.id)) {
			if err != nil {
				return err
			}
			found[part.Key] = part.Size
		}
	}
	var lost []string
	for _, f := range r.commit.Files {
		if size, there := found[f.Key]; !there || size != f.Bytes {
			lost = append(lost, f.Key)
		}
	}
	if len(lost) > 0 {
		r.state, r.why = Damaged, fmt.Sprintf("%d of %d parts are missing or have another size, as %s", len(lost), len(r.commit.Files), lost[0])
	}
	r.commit = nil
	return nil
}

// winner returns the attempt that the receipt of a live run's shard names; "" where
// there is none. readable is false where the receipt cannot be judged.
func (s *sweep) winner(ctx context.Context, r *run, shard int) (attempt string, readable bool, err error) {
	if shard >= len(r.done) || !r.done[shard] {
		return "", true, nil
	}
	receipt, err := dataset.ReadReceipt(ctx, s.out, r.plan, shard)
	if unclear(err) {
		return "", false, err
	}
	if err != nil {
		return "", false, nil
	}
	return receipt.Attempt, true, nil
}
