// Package verify checks that a committed run is what a dataset promises: every
// row of the manifest once, files as they were committed, tables in order, and
// ranks that follow from the stored embeddings. The tables are read by a second
// reader in a process of its own, so that no defect of the writer's library can
// hide itself.
package verify

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/jobs/verify/reread"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/dataset"
)

// Options of a check.
type Options struct {
	Dataset string // URI
	RunID   string
	// Sample is how many rows of each shard have their ranks recomputed; 0
	// takes DefaultSample, negative all.
	Sample int
	// Executable is the program that has the second reader.
	Executable string
	// Checked is called after each shard; it may be nil.
	Checked func(shard, shards int)
}

// DefaultSample of each shard's rows has its ranks recomputed.
const DefaultSample = 256

// Report says what was checked and what is wrong.
type Report struct {
	RunID      string    `json:"run_id"`
	Shards     int       `json:"shards"`
	Rows       int64     `json:"rows"`
	OK         int64     `json:"ok"`
	Rejected   int64     `json:"rejected"`
	Tags       int64     `json:"tags"`       // rows of the tags table
	Recomputed int64     `json:"recomputed"` // rows whose ranks were computed again
	Files      int       `json:"files"`
	Bytes      int64     `json:"bytes"`
	Problems   []Problem `json:"problems"`
}

// Problem is one broken promise.
type Problem struct {
	File   string `json:"file"`
	Check  string `json:"check"`
	Detail string `json:"detail"`
}

func (r *Report) note(file, check, format string, args ...any) {
	r.Problems = append(r.Problems, Problem{file, check, fmt.Sprintf(format, args...)})
}

// Run checks a run. The error is jobs.ErrConfig when there is no such committed
// run; broken promises are in the report, and then the error is jobs.ErrDamaged.
func Run(ctx context.Context, o Options) (*Report, error) {
	out, err := storage.Open(ctx, o.Dataset)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", jobs.ErrConfig, err)
	}
	defer out.Close()
	c, err := open(ctx, out, o)
	if err != nil {
		return nil, err
	}
	if c.scratch, err = os.MkdirTemp("", "sdl-verify-"); err != nil {
		return nil, err
	}
	defer os.RemoveAll(c.scratch)
	if err := c.everything(ctx); err != nil {
		return nil, err
	}
	if len(c.report.Problems) > 0 {
		return c.report, fmt.Errorf("%w: run %s is not what was committed", jobs.ErrDamaged, o.RunID)
	}
	return c.report, nil
}

// check is one verification on its way.
type check struct {
	Options
	out     *storage.Bucket
	plan    *dataset.Plan
	commit  *dataset.Commit
	parts   map[string]dataset.File // by key
	report  *Report
	scratch string // folder for copies that the second reader reads
}

func open(ctx context.Context, out *storage.Bucket, o Options) (*check, error) {
	if err := dataset.ValidateRunID(o.RunID); err != nil {
		return nil, fmt.Errorf("%w: %w", jobs.ErrConfig, err)
	}
	c := &check{Options: o, out: out, parts: map[string]dataset.File{}, report: &Report{RunID: o.RunID, Problems: []Problem{}}}
	var err error
	if c.plan, err = dataset.ReadPlan(ctx, out, o.RunID); err != nil {
		if errors.Is(err, storage.ErrNotExist) {
			return nil, fmt.Errorf("%w: %s has no run %s: %w", jobs.ErrConfig, out.URI(), o.RunID, err)
		}
		return nil, err
	}
	if c.commit, err = dataset.ReadCommit(ctx, out, o.RunID); err != nil {
		if errors.Is(err, storage.ErrNotExist) {
			return nil, fmt.Errorf("%w: run %s is not committed yet: %w", jobs.ErrConfig, o.RunID, err)
		}
		return nil, err
	}
	return c, nil
}

func (c *check) everything(ctx context.Context) error {
	c.record()
	if err := c.listings(ctx); err != nil {
		return err
	}
	vocab, err := c.vocabulary(ctx)
	if err != nil {
		return err
	}
	for shard := range c.plan.Shards {
		if err := c.shard(ctx, shard, vocab); err != nil {
			return err
		}
		c.report.Shards++
		if c.Checked != nil {
			c.Checked(shard+1, len(c.plan.Shards))
		}
	}
	c.totals()
	return nil
}

// record checks that the commit agrees with the plan.
func (c *check) record() {
	key := dataset.CommitKey(c.RunID)
	for _, f := range c.commit.Files {
		if _, twice := c.parts[f.Key]; twice {
			c.report.note(key, "files", "names %s twice", f.Key)
		}
		c.parts[f.Key] = f
	}
	if want := len(dataset.ShardTables)*len(c.plan.Shards) + 1; len(c.commit.Files) != want {
		c.report.note(key, "files", "names %d files, want %d", len(c.commit.Files), want)
	}
	if c.commit.Fingerprint != c.plan.Fingerprint {
		c.report.note(key, "fingerprint", "is %s, the plan's is %s", c.commit.Fingerprint, c.plan.Fingerprint)
	}
	if c.commit.Rows != c.plan.Rows || c.commit.OK+c.commit.Rejected != c.commit.Rows {
		c.report.note(key, "counts", "%d ok and %d rejected of %d rows; the manifest has %d", c.commit.OK, c.commit.Rejected, c.commit.Rows, c.plan.Rows)
	}
}

// listings checks that the table folders hold the committed files, no more and
// no less.
func (c *check) listings(ctx context.Context) error {
	found := map[string]int64{}
	for _, table := range dataset.Tables {
		for o, err := range c.out.List(ctx, dataset.TablePrefix(table, c.RunID)) {
			if err != nil {
				return err
			}
			found[o.Key] = o.Size
		}
	}
	for key := range found {
		if _, ok := c.parts[key]; !ok && !strings.HasSuffix(key, "/_SUCCESS") {
			c.report.note(key, "extra", "is not among the committed files")
		}
	}
	for _, f := range c.commit.Files {
		if size, ok := found[f.Key]; !ok {
			c.report.note(f.Key, "missing", "was committed and is not there")
			delete(c.parts, f.Key)
		} else if size != f.Bytes {
			c.report.note(f.Key, "size", "has %d bytes, %d were committed", size, f.Bytes)
		}
	}
	return nil
}

// totals compares what was read with what was committed.
func (c *check) totals() {
	r := c.report
	if r.Rows != c.commit.Rows || r.OK != c.commit.OK || r.Rejected != c.commit.Rejected {
		r.note(dataset.CommitKey(c.RunID), "counts", "says %d rows, %d ok, %d rejected; the tables hold %d, %d, %d",
			c.commit.Rows, c.commit.OK, c.commit.Rejected, r.Rows, r.OK, r.Rejected)
	}
}

func (c *check) sample() int {
	switch {
	case c.Sample == 0:
		return DefaultSample
	case c.Sample < 0:
		return 0 // the second reader's word for all
	}
	return c.Sample
}

// shard has the second reader go over one shard's parts.
func (c *check) shard(ctx context.Context, shard int, vocab string) error {
	paths := map[string]string{}
	for _, table := range dataset.ShardTables {
		path, err := c.fetch(ctx, c.part(table, shard))
		if err != nil {
			return err
		}
		paths[table] = path
		if path != "" {
			defer os.Remove(path)
		}
	}
	if vocab == "" || paths[dataset.Images] == "" || paths[dataset.Tags] == "" || paths[dataset.Embeddings] == "" {
		return nil // what is missing is among the problems already
	}
	at, s := c.plan.Shards[shard], c.plan.Scoring
	answer, err := reread.Run(ctx, c.Executable, reread.Request{
		Images: paths[dataset.Images], Tags: paths[dataset.Tags], Embeddings: paths[dataset.Embeddings], Vocab: vocab,
		TopK: c.plan.Identity.TopK, Sample: c.sample(), FirstRow: at.First, Rows: at.Rows, Carried: c.plan.Identity.Carried,
		Reduction: s.Reduction, ReductionK: s.ReductionK, NormaliseRows: s.NormaliseRows, NormaliseLabels: s.NormaliseLabels, LogitScale: s.LogitScale,
	})
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var died *exec.ExitError
	if errors.As(err, &died) {
		c.report.note(c.part(dataset.Images, shard), "readable", "second reader: %v", err)
		return nil
	}
	if err != nil {
		return fmt.Errorf("shard %d: %w", shard, err)
	}
	c.add(shard, answer)
	return nil
}

func (c *check) add(shard int, a reread.Answer) {
	r := c.report
	r.Rows += a.Rows
	r.OK += a.OK
	r.Rejected += a.Rejected
	r.Tags += a.Tags
	r.Recomputed += a.Recomputed
	for _, p := range a.Problems {
		detail := p.Detail
		if p.Row >= 0 {
			detail = fmt.Sprintf("row %d: %s", p.Row, p.Detail)
		}
		r.note(c.part(p.Table, shard), p.Check, "%s", detail)
	}
	if more := a.Total - len(a.Problems); more > 0 {
		r.note(c.part(dataset.Images, shard), "more", "%d further problems in this shard", more)
	}
}
