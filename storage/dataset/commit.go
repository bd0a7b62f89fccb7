package dataset

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/sdl-batch/sdl-batch/storage"
)

// Commit is the record whose existence makes a run visible as a whole.
type Commit struct {
	Format      int              `json:"format"`
	RunID       string           `json:"run_id"`
	Fingerprint string           `json:"fingerprint"`
	ModelID     string           `json:"model_id"`
	VocabID     string           `json:"vocab_id"`
	Rows        int64            `json:"rows"`
	OK          int64            `json:"ok"`
	Rejected    int64            `json:"rejected"`
	Codes       map[string]int64 `json:"codes,omitempty"`
	Devices     map[string]int   `json:"devices"` // shards by the device that inferred them
	Files       []File           `json:"files"`
	Committed   time.Time        `json:"committed"`
	// ShardSeconds is the time from the first row to the receipt, summed over
	// the shards.
	ShardSeconds float64 `json:"shard_seconds"`
	Program      string  `json:"program"`
	Seal         *Seal   `json:"seal,omitempty"`
}

// ReadCommit reads the commit of a run. The error is storage.ErrNotExist when
// the run has not been committed, ErrAbandoned when it never will be.
func ReadCommit(ctx context.Context, b *storage.Bucket, run string) (*Commit, error) {
	var c struct {
		Commit
		abandoned
	}
	if err := readRecord(ctx, b, CommitKey(run), &c); err != nil {
		return nil, err
	}
	if c.Format != Format || c.RunID != run {
		return nil, fmt.Errorf("%s: %w: format %d, run %q", CommitKey(run), ErrRecord, c.Format, c.RunID)
	}
	if err := c.err(run); err != nil {
		return nil, err
	}
	return &c.Commit, nil
}

// CreateCommit records a commit unless there is one, and returns the one that
// counts. The error is ErrAbandoned where the run was given up first.
func CreateCommit(ctx context.Context, b *storage.Bucket, c *Commit) (*Commit, error) {
	if _, err := createRecord(ctx, b, CommitKey(c.RunID), c); err != nil {
		return nil, err
	}
	return ReadCommit(ctx, b, c.RunID)
}

// Runs returns the ids of all runs, in order. A run whose plan was never
// written may be among them.
func Runs(ctx context.Context, b *storage.Bucket) ([]string, error) {
	names, err := b.Folders(ctx, runsFolder)
	return slices.DeleteFunc(names, func(name string) bool { return ValidateRunID(name) != nil }), err
}
