// Package write turns ranked batches into the part files of their shards and
// records every finished shard with a receipt.
package write

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/sdl-batch/sdl-batch/pipeline"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/dataset"
)

// Config says what the tables hold beside the rows.
type Config struct {
	Rows, Dim int      // K, D of the embedding matrices
	TopK      int      // tags ranked per group, at most
	Tags      []string // by tag id
	Seen      []bool   // by tag id
	ModelID   string
	VocabID   string
	Carried   []string // names of the carried manifest columns
	Device    string   // what inferred the embeddings, for the receipt
	Program   string
	Metadata  map[string]string // written into every file
}

// Sink writes each shard's images, tags and embeddings under an attempt of its
// own. Images and embeddings stream out as batches come; ranked tags are held,
// sorted and written when the shard's last row is in. Sorting, upload and the
// receipt run beside the next shard.
type Sink struct {
	Bucket *storage.Bucket
	Plan   *dataset.Plan
	Config Config
	Gate   pipeline.Gate
	// Done is called for every shard that has its receipt, from any goroutine.
	Done func(*dataset.Receipt)
	// Counted is called with the rows of each batch, from one goroutine.
	Counted func(ok, rejected int)
	Meter   *pipeline.Meter

	// Display turns a row's URI into what the tables show, without secrets; nil
	// keeps it.
	Display func(uri string) string

	order []int32 // place of each tag id when tags are sorted by name
}

// Run implements pipeline.Sink. It returns nil when every shard that came in
// has a receipt.
func (s *Sink) Run(ctx context.Context, in <-chan *pipeline.Batch) error {
	s.order = tagOrder(s.Config.Tags)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.gather(ctx, group, in) })
	return group.Wait()
}

func (s *Sink) gather(ctx context.Context, group *errgroup.Group, in <-chan *pipeline.Batch) (err error) {
	open, done := map[int]*shard{}, map[int]bool{}
	defer func() {
		for _, sh := range open {
			err = errors.Join(err, sh.abort())
		}
	}()
	for {
		b, ok, err := pipeline.Recv(ctx, in)
		if err != nil {
			return err
		}
		if !ok {
			return unfinished(open)
		}
		start := time.Now()
		if done[b.Shard.Index] {
			return fmt.Errorf("shard %d goes on after its %d rows", b.Shard.Index, b.Shard.Rows)
		}
		sh := open[b.Shard.Index]
		if sh == nil {
			if sh, err = s.begin(ctx, b.Shard); err != nil {
				return err
			}
			open[b.Shard.Index] = sh
		}
		if err := sh.add(b); err != nil {
			return fmt.Errorf("shard %d: %w", b.Shard.Index, err)
		}
		s.report(b, start)
		b.Release()
		if sh.rows() == b.Shard.Rows {
			delete(open, b.Shard.Index)
			done[b.Shard.Index] = true
			group.Go(func() error { return s.finish(ctx, sh) })
		}
	}
}

func unfinished(open map[int]*shard) error {
	for i, sh := range open {
		return fmt.Errorf("shard %d ended after %d of %d rows", i, sh.rows(), sh.shard.Rows)
	}
	return nil
}

func (s *Sink) report(b *pipeline.Batch, start time.Time) {
	s.Meter.Add(b.Rows(), int64(4*len(b.Embeddings)), start)
	if s.Counted != nil {
		s.Counted(len(b.Images), len(b.Rejected))
	}
}

// finish makes a shard durable and frees its place.
func (s *Sink) finish(ctx context.Context, sh *shard) error {
	start := time.Now()
	receipt, err := sh.close(ctx)
	switch {
	case err != nil:
		err = errors.Join(err, sh.abort())
		sh.withdraw(ctx)
		if receipt = s.overtaken(ctx, sh); receipt == nil {
			return fmt.Errorf("shard %d: %w", sh.shard.Index, err)
		}
	case ctx.Err() != nil:
		sh.withdraw(ctx)
		return context.Cause(ctx)
	default:
		if receipt, err = s.record(ctx, sh, receipt); err != nil {
			return fmt.Errorf("shard %d: %w", sh.shard.Index, err)
		}
	}
	s.Meter.Add(0, 0, start)
	s.Gate.Leave()
	if s.Done != nil {
		s.Done(receipt)
	}
	return nil
}

// record creates a shard's receipt and returns the one that counts.
func (s *Sink) record(ctx context.Context, sh *shard, receipt *dataset.Receipt) (*dataset.Receipt, error) {
	ours, err := dataset.CreateReceipt(ctx, s.Bucket, receipt)
	if err != nil {
		return nil, fmt.Errorf("receipt: %w", err)
	}
	if ours {
		return receipt, nil
	}
	return s.yield(ctx, sh)
}

// overtaken returns the receipt of a shard that another attempt has finished while
// this one failed, nil where there is none: an attempt that is not needed may have
// lost its files.
func (s *Sink) overtaken(ctx context.Context, sh *shard) *dataset.Receipt {
	if ctx.Err() != nil {
		return nil
	}
	receipt, err := dataset.ReadReceipt(ctx, s.Bucket, s.Plan, sh.shard.Index)
	if err != nil || receipt.Attempt == sh.attempt {
		return nil // what went wrong first tells more
	}
	return receipt
}

func (s *Sink) display(uri string) string {
	if s.Display == nil {
		return uri
	}
	return s.Display(uri)
}

// yield removes the files of an attempt that came second, as far as the store lets
// go of them, and returns the receipt of the one that counts.
func (s *Sink) yield(ctx context.Context, sh *shard) (*dataset.Receipt, error) {
	winner, err := dataset.ReadReceipt(ctx, s.Bucket, s.Plan, sh.shard.Index)
	if err != nil {
		return nil, err
	}
	if winner.Attempt == sh.attempt {
		return winner, nil // ours after all: the write was repeated
	}
	_ = sh.remove(ctx) // what is left nobody reads, and gc removes
	return winner, nil
}
