package dataset

import (
	"context"
	"fmt"
	"regexp"
	"time"

	"github.com/sdl-batch/sdl-batch/storage"
)

// Receipt proves that a shard is done and names the one attempt whose files
// count.
type Receipt struct {
	Format   int              `json:"format"`
	RunID    string           `json:"run_id"`
	Shard    int              `json:"shard"`
	Attempt  string           `json:"attempt"`
	First    int64            `json:"first"`
	Rows     int64            `json:"rows"`
	OK       int64            `json:"ok"`
	Rejected int64            `json:"rejected"`
	Codes    map[string]int64 `json:"codes,omitempty"` // rejects by "stage/code"
	Files    []File           `json:"files"`
	Device   string           `json:"device"`
	Program  string           `json:"program"`
	Finished time.Time        `json:"finished"`
	Seconds  float64          `json:"seconds"`
}

var (
	attemptID = regexp.MustCompile(`^[0-9A-Za-z]{1,64}$`)
	digest    = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// File describes one part of a table.
type File struct {
	Table  string `json:"table"`
	Key    string `json:"key"` // in the dataset; an attempt's in receipts, the part's in commits
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
	Rows   int64  `json:"rows"`
}

// Validate reports a receipt that does not fit its shard.
func (r *Receipt) Validate(p *Plan, shard int) error {
	s := p.Shards[shard]
	switch {
	case !attemptID.MatchString(r.Attempt):
		return fmt.Errorf("receipt of shard %d names attempt %q", shard, r.Attempt)
	case r.Format != Format:
		return fmt.Errorf("receipt of shard %d has format %d, this program reads %d", shard, r.Format, Format)
	case r.RunID != p.RunID || r.Shard != shard:
		return fmt.Errorf("receipt of shard %d names shard %d of run %q", shard, r.Shard, r.RunID)
	case r.First != s.First || r.Rows != s.Rows:
		return fmt.Errorf("receipt of shard %d covers %d rows from %d, the plan has %d from %d", shard, r.Rows, r.First, s.Rows, s.First)
	case r.OK < 0 || r.Rejected < 0 || r.OK+r.Rejected != r.Rows:
		return fmt.Errorf("receipt of shard %d: %d ok and %d rejected are not %d rows", shard, r.OK, r.Rejected, r.Rows)
	case len(r.Files) != len(ShardTables):
		return fmt.Errorf("receipt of shard %d names %d files, want %d", shard, len(r.Files), len(ShardTables))
	}
	rows := map[string]int64{Images: r.Rows, Embeddings: r.OK}
	for i, f := range r.Files {
		if want, known := rows[f.Table]; f.Bytes <= 0 || !digest.MatchString(f.SHA256) || f.Rows < 0 || known && f.Rows != want {
			return fmt.Errorf("receipt of shard %d: table %q of %d rows in %d bytes, digest %q", shard, f.Table, f.Rows, f.Bytes, f.SHA256)
		}
		if f.Table != ShardTables[i] || f.Key != AttemptKey(p.RunID, shard, r.Attempt, f.Table, p.Identity.Files()) {
			return fmt.Errorf("receipt of shard %d names file %q for table %q", shard, f.Key, f.Table)
		}
	}
	return nil
}

// CreateReceipt records that a shard is done. ours is false when another
// attempt was first; the caller's files are then of no use.
func CreateReceipt(ctx context.Context, b *storage.Bucket, r *Receipt) (ours bool, err error) {
	return createRecord(ctx, b, ReceiptKey(r.RunID, r.Shard), r)
}

// ReadReceipt reads and checks one receipt.
func ReadReceipt(ctx context.Context, b *storage.Bucket, p *Plan, shard int) (*Receipt, error) {
	var r Receipt
	if err := readRecord(ctx, b, ReceiptKey(p.RunID, shard), &r); err != nil {
		return nil, err
	}
	if err := r.Validate(p, shard); err != nil {
		return nil, fmt.Errorf("%s: %w: %w", ReceiptKey(p.RunID, shard), ErrRecord, err)
	}
	return &r, nil
}

// Done returns which shards of the plan have a receipt.
func Done(ctx context.Context, b *storage.Bucket, p *Plan) ([]bool, error) {
	done := make([]bool, len(p.Shards))
	for o, err := range b.List(ctx, ReceiptsPrefix(p.RunID)) {
		if err != nil {
			return nil, err
		}
		if shard, ok := ReceiptShard(p.RunID, o.Key); ok && shard < len(done) {
			done[shard] = true
		}
	}
	return done, nil
}
