package label

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/dataset"
)

// commit publishes a run whose shards are all done, and returns its record. It
// may be repeated, and raced, at any point.
func commit(ctx context.Context, out *storage.Bucket, p *dataset.Plan, maxRejectRate float64, program string) (*dataset.Commit, error) {
	if c, err := committed(ctx, out, p.RunID); c != nil || err != nil {
		return c, err
	}
	receipts, err := readReceipts(ctx, out, p)
	if err != nil {
		return nil, err
	}
	if err := keepRecords(ctx, out, p.RunID); err != nil {
		return nil, err
	}
	c, sources := tally(p, receipts, program)
	if c.OK+c.Rejected != p.Rows {
		return nil, fmt.Errorf("receipts hold %d ok and %d rejected of %d rows", c.OK, c.Rejected, p.Rows)
	}
	if err := withinBudget(c, maxRejectRate); err != nil {
		return nil, err
	}
	vocab, err := vocabularyFile(ctx, out, p)
	if err != nil {
		return nil, err
	}
	c.Files, sources = append(c.Files, vocab), append(sources, dataset.VocabSource(p.RunID, p.Identity.Files()))
	if err := each(ctx, c.Files, sources, func(ctx context.Context, f dataset.File, source string) error {
		return checkSource(ctx, out, f, source)
	}); err != nil {
		return nil, err
	}
	if err := each(ctx, c.Files, sources, func(ctx context.Context, f dataset.File, source string) error {
		return publish(ctx, out, f, source)
	}); err != nil {
		return nil, err
	}
	c.Seal = dataset.NewSeal(c, p, receipts)
	if c, err = dataset.CreateCommit(ctx, out, c); err != nil {
		return nil, err
	}
	return c, markComplete(ctx, out, p.RunID)
}

// committed returns the record of a run that is complete, nil where it may become
// so. A marker that went missing is restored.
func committed(ctx context.Context, out *storage.Bucket, run string) (*dataset.Commit, error) {
	c, err := dataset.ReadCommit(ctx, out, run)
	if errors.Is(err, storage.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, refused(err)
	}
	return c, markComplete(ctx, out, run)
}

// keepRecords makes durable what a commit rests on, which may be the work of
// processes that were killed.
func keepRecords(ctx context.Context, out *storage.Bucket, run string) error {
	return errors.Join(out.SyncFolder(ctx, dataset.ReceiptsPrefix(run)), out.SyncFolder(ctx, dataset.RunPrefix(run)))
}

// readReceipts reads the receipt of every shard.
func readReceipts(ctx context.Context, out *storage.Bucket, p *dataset.Plan) ([]*dataset.Receipt, error) {
	receipts := make([]*dataset.Receipt, len(p.Shards))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(32)
	for i := range p.Shards {
		group.Go(func() (err error) {
			receipts[i], err = dataset.ReadReceipt(ctx, out, p, i)
			if errors.Is(err, storage.ErrNotExist) {
				return fmt.Errorf("shard %d of run %s is not done: %w", i, p.RunID, err)
			}
			return err
		})
	}
	return receipts, group.Wait()
}

// tally sums the receipts up. sources holds the attempt's file for each of the
// commit's files.
func tally(p *dataset.Plan, receipts []*dataset.Receipt, program string) (c *dataset.Commit, sources []string) {
	c = &dataset.Commit{
		Format: dataset.Format, RunID: p.RunID, Fingerprint: p.Fingerprint, ModelID: p.Identity.ModelID, VocabID: p.Identity.VocabID,
		Codes: map[string]int64{}, Devices: map[string]int{}, Committed: time.Now().UTC(), Program: program,
	}
	for _, r := range receipts {
		c.OK += r.OK
		c.Rejected += r.Rejected
		c.Rows += r.Rows
		c.Devices[r.Device]++
		c.ShardSeconds += r.Seconds
		for code, n := range r.Codes {
			c.Codes[code] += n
		}
		for _, f := range r.Files {
			sources = append(sources, f.Key)
			f.Key = dataset.PartKey(f.Table, p.RunID, r.Shard, p.Identity.Files())
			c.Files = append(c.Files, f)
		}
	}
	return c, sources
}

func withinBudget(c *dataset.Commit, maxRejectRate float64) error {
	return jobs.WithinBudget(c.Rejected, c.Rows, c.Codes, maxRejectRate)
}

// each calls do for every file and its source, several at a time.
func each(ctx context.Context, files []dataset.File, sources []string, do func(context.Context, dataset.File, string) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(16)
	for i, f := range files {
		group.Go(func() error { return do(ctx, f, sources[i]) })
	}
	return group.Wait()
}

// checkSource makes sure, before anything is published, that a file is there in
// full: at its source, or published by an earlier try.
func checkSource(ctx context.Context, out *storage.Bucket, f dataset.File, source string) error {
	attrs, err := out.Stat(ctx, source)
	if errors.Is(err, storage.ErrNotExist) {
		attrs, err = out.Stat(ctx, f.Key)
	}
	if errors.Is(err, storage.ErrNotExist) {
		return fmt.Errorf("%w: %s is gone: %w", jobs.ErrDamaged, source, err)
	}
	if err != nil {
		return err
	}
	return sameSize(f, attrs)
}

func publish(ctx context.Context, out *storage.Bucket, f dataset.File, source string) error {
	if err := out.Publish(ctx, f.Key, source); err != nil {
		return err
	}
	attrs, err := out.Stat(ctx, f.Key)
	if err != nil {
		return err
	}
	return sameSize(f, attrs)
}

func sameSize(f dataset.File, attrs storage.Attrs) error {
	if attrs.Size != f.Bytes {
		return fmt.Errorf("%w: %s has %d bytes, its receipt says %d", jobs.ErrDamaged, f.Key, attrs.Size, f.Bytes)
	}
	return nil
}

// markComplete puts a _SUCCESS beside the parts of each table, for engines
// that look for one. The commit, which another process may have written, is made
// durable before.
func markComplete(ctx context.Context, out *storage.Bucket, run string) error {
	durable := false
	for _, table := range dataset.Tables {
		key := dataset.SuccessKey(table, run)
		if _, err := out.Stat(ctx, key); err == nil {
			continue
		}
		if !durable {
			if err := out.SyncFolder(ctx, dataset.RunPrefix(run)); err != nil {
				return err
			}
			durable = true
		}
		if _, err := out.CreateOnce(ctx, key, nil); err != nil {
			return err
		}
	}
	return nil
}
