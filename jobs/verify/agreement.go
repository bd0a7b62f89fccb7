package verify

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/sdl-batch/sdl-batch/storage/dataset"
)

func (c *check) commitFitsPlan() {
	key, commit, plan := dataset.CommitKey(c.RunID), c.commit, c.plan
	if commit.Fingerprint != plan.Fingerprint {
		c.report.note(key, "fingerprint", "is %s, the plan's is %s", commit.Fingerprint, plan.Fingerprint)
	}
	if commit.ModelID != plan.Identity.ModelID || commit.VocabID != plan.Identity.VocabID {
		c.report.note(key, "identity", "names model %s and vocabulary %s, the plan %s and %s", commit.ModelID, commit.VocabID, plan.Identity.ModelID, plan.Identity.VocabID)
	}
	if commit.Rows != plan.Rows || commit.OK < 0 || commit.Rejected < 0 || commit.OK+commit.Rejected != commit.Rows {
		c.report.note(key, "counts", "%d ok and %d rejected of %d rows; the manifest has %d", commit.OK, commit.Rejected, commit.Rows, plan.Rows)
	}
	c.files()
}

// files takes the commit's files for what the plan's shards must have. No other
// key of the commit is ever read.
func (c *check) files() {
	key, names := dataset.CommitKey(c.RunID), map[string]string{c.part(dataset.Vocab, 0): dataset.Vocab}
	for shard := range c.plan.Shards {
		for _, table := range dataset.ShardTables {
			names[c.part(table, shard)] = table
		}
	}
	for _, f := range c.commit.Files {
		_, twice := c.parts[f.Key]
		switch table, ours := names[f.Key]; {
		case !ours || table != f.Table:
			c.report.note(key, "files", "names %q for table %q: no part of this run", f.Key, f.Table)
			continue
		case twice:
			c.report.note(key, "files", "names %s twice", f.Key)
		}
		c.parts[f.Key] = f
	}
	if len(c.parts) != len(names) {
		c.report.note(key, "files", "names %d of the run's %d files", len(c.parts), len(names))
	}
}

// commitFitsReceipts checks what the commit sums up, where every receipt could be
// read, and the files of those that could.
func (c *check) commitFitsReceipts() {
	codes, devices := map[string]int64{}, map[string]int{}
	for _, r := range c.receipts {
		if r == nil {
			continue
		}
		devices[r.Device]++
		for code, n := range r.Codes {
			codes[code] += n
		}
		for _, f := range r.Files {
			c.sameFile(r, f)
		}
	}
	if slices.Contains(c.receipts, nil) {
		return
	}
	key := dataset.CommitKey(c.RunID)
	if !maps.Equal(codes, c.commit.Codes) {
		c.report.note(key, "codes", "counts rejects %v, the receipts %v", c.commit.Codes, codes)
	}
	if !maps.Equal(devices, c.commit.Devices) {
		c.report.note(key, "devices", "counts shards %v, the receipts %v", c.commit.Devices, devices)
	}
}

func (c *check) sameFile(r *dataset.Receipt, f dataset.File) {
	f.Key = c.part(f.Table, r.Shard)
	if got, ok := c.parts[f.Key]; ok && got != f {
		c.report.note(dataset.ReceiptKey(c.RunID, r.Shard), "files", "says of %s: %d rows, %d bytes, %s; the commit: %d rows, %d bytes, %s",
			f.Key, f.Rows, f.Bytes, f.SHA256, got.Rows, got.Bytes, got.SHA256)
	}
}

// compareSeals checks the digests of the records. A commit of an older program
// has none.
func (c *check) compareSeals() {
	seal := c.commit.Seal
	if seal == nil {
		return
	}
	want := dataset.NewSeal(c.commit, c.plan, c.receipts)
	if !c.commit.Intact() {
		c.report.note(dataset.CommitKey(c.RunID), "digest", "is not as it was sealed: %s", seal.Commit)
	}
	if seal.Plan != want.Plan {
		c.report.note(dataset.PlanKey(c.RunID), "digest", "is %s, %s was committed", want.Plan, seal.Plan)
	}
	if len(seal.Receipts) != len(want.Receipts) {
		c.report.note(dataset.CommitKey(c.RunID), "digest", "seals %d receipts of %d", len(seal.Receipts), len(want.Receipts))
		return
	}
	for i, r := range c.receipts {
		if r != nil && seal.Receipts[i] != want.Receipts[i] {
			c.report.note(dataset.ReceiptKey(c.RunID, i), "digest", "is %s, %s was committed", want.Receipts[i], seal.Receipts[i])
		}
	}
}

// strays looks for records that a committed run cannot have, and for a commit
// with fields that are not its own.
func (c *check) strays(ctx context.Context) error {
	for o, err := range c.out.List(ctx, dataset.ReceiptsPrefix(c.RunID)) {
		if err != nil {
			return err
		}
		if shard, ok := dataset.ReceiptShard(c.RunID, o.Key); !ok || shard >= len(c.plan.Shards) {
			c.report.note(o.Key, "extra", "is no receipt of the plan's %d shards", len(c.plan.Shards))
		}
	}
	return c.commitText(ctx)
}

func (c *check) commitText(ctx context.Context) error {
	key := dataset.CommitKey(c.RunID)
	text, _, err := c.out.ReadAll(ctx, key, dataset.MaxRecord)
	if err != nil {
		return err
	}
	if !dataset.AsWritten(text, c.commit) {
		c.report.note(key, "text", "has fields, or spaces, that a commit is not written with")
	}
	return nil
}

// compareCodes checks a shard's receipt against the rejects of its images table.
func (c *check) compareCodes(shard int, codes map[string]int64) {
	r := c.receipts[shard]
	if r != nil && !maps.Equal(r.Codes, codes) {
		c.report.note(dataset.ReceiptKey(c.RunID, shard), "codes", "counts rejects %v, the images table has %v", sorted(r.Codes), sorted(codes))
	}
}

// sorted lists counts by name.
func sorted(codes map[string]int64) (out []string) {
	for _, code := range slices.Sorted(maps.Keys(codes)) {
		out = append(out, fmt.Sprintf("%s=%d", code, codes[code]))
	}
	return out
}
