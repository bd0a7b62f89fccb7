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
	"time"

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
	More       int       `json:"more,omitempty"` // further problems, counted only
}

// maxProblems bounds the problems that a report lists.
const maxProblems = 10_000

// Problem is one broken promise.
type Problem struct {
	File   string `json:"file"`
	Check  string `json:"check"`
	Detail string `json:"detail"`
}

func (r *Report) note(file, check, format string, args ...any) {
	if len(r.Problems) >= maxProblems {
		r.More++
		return
	}
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
	if err := dataset.ValidateRunID(o.RunID); err != nil {
		return nil, fmt.Errorf("%w: %w", jobs.ErrConfig, err)
	}
	c := &check{Options: o, out: out, parts: map[string]dataset.File{}, report: &Report{RunID: o.RunID, Problems: []Problem{}}}
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
	out      *storage.Bucket
	plan     *dataset.Plan
	commit   *dataset.Commit
	receipts []*dataset.Receipt      // by shard; nil: unreadable, which is noted
	parts    map[string]dataset.File // by key; those that are there
	report   *Report
	scratch  string // folder for copies that the second reader reads
}

func (c *check) everything(ctx context.Context) error {
	if usable, err := c.records(ctx); err != nil || !usable {
		return err
	}
	if err := c.compareRecords(ctx); err != nil {
		return err
	}
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

// totals compares what was read with what was committed.
func (c *check) totals() {
	r := c.report
	if r.Rows != c.commit.Rows || r.OK != c.commit.OK || r.Rejected != c.commit.Rejected {
		r.note(dataset.CommitKey(c.RunID), "counts", "says %d rows, %d ok, %d rejected; the tables hold %d, %d, %d",
			c.commit.Rows, c.commit.OK, c.commit.Rejected, r.Rows, r.OK, r.Rejected)
	}
}

// errEndless says that the second reader was given up.
var errEndless = errors.New("came to no end")

// patience is how long the second reader may take over a shard: far more than an
// honest part does, at 100 kB and 20 million products a second.
func (c *check) patience(shard int) time.Duration {
	var bytes int64
	for _, table := range dataset.ShardTables {
		bytes += c.parts[c.part(table, shard)].Bytes
	}
	rows, s := c.plan.Shards[shard].Rows, c.plan.Scoring
	if n := int64(c.sample()); n > 0 {
		rows = min(rows, n)
	}
	products := float64(rows) * float64(c.parts[c.part(dataset.Vocab, 0)].Rows) * float64(s.Rows) * float64(s.Dim)
	seconds := 600 + float64(bytes)/1e5 + products/2e7
	return time.Duration(min(seconds, 1e6)) * time.Second
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
	patient, cancel := context.WithTimeoutCause(ctx, c.patience(shard), errEndless)
	defer cancel()
	request := reread.Request{
		Images: paths[dataset.Images], Tags: paths[dataset.Tags], Embeddings: paths[dataset.Embeddings], Vocab: vocab,
		TopK: c.plan.Identity.TopK, Sample: c.sample(), FirstRow: at.First, Rows: at.Rows, Carried: c.plan.Identity.Carried,
		ModelID: c.plan.Identity.ModelID, VocabID: c.plan.Identity.VocabID,
		Reduction: s.Reduction, ReductionK: s.ReductionK, NormaliseRows: s.NormaliseRows, NormaliseLabels: s.NormaliseLabels, LogitScale: s.LogitScale,
	}
	if err := request.Validate(); err != nil {
		c.report.note(dataset.PlanKey(c.RunID), "scoring", "%v", err)
		return nil
	}
	answer, err := reread.Run(patient, c.Executable, request)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var died *exec.ExitError
	if errors.As(err, &died) || errors.Is(err, errEndless) {
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
	c.compareCodes(shard, a.Codes)
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
