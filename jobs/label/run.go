package label

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/jobs/engine"
	"github.com/sdl-batch/sdl-batch/pipeline"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/dataset"
)

// Run labels a manifest: plan, every shard that is not done, commit. It may be
// interrupted anywhere and called again. Errors wrap jobs.ErrConfig,
// jobs.ErrRejectBudget, storage.ErrTransient or the context's cause where they
// are of that kind.
func Run(ctx context.Context, o Options, handle Handler) (Summary, error) {
	start := time.Now()
	o = o.withDefaults()
	if err := o.validate(); err != nil {
		return Summary{}, err
	}
	handle = engine.Serial(handle) // storage is troubled in many goroutines
	ctx = engine.WithTrouble(ctx, handle)
	out, err := jobs.OpenPatiently(ctx, o.Output)
	if err != nil {
		return Summary{}, fmt.Errorf("output: %w", jobs.AsConfig(ctx, err))
	}
	defer out.Close()
	s, err := run(ctx, out, o, handle)
	s.Seconds = time.Since(start).Seconds()
	return s, jobs.CauseOf(ctx, err)
}

// Plan plans the run that Run would label, or finds it, and labels nothing.
func Plan(ctx context.Context, o Options) (*dataset.Plan, error) {
	o = o.withDefaults()
	if err := o.validate(); err != nil {
		return nil, err
	}
	out, err := jobs.OpenPatiently(ctx, o.Output)
	if err != nil {
		return nil, fmt.Errorf("output: %w", jobs.AsConfig(ctx, err))
	}
	defer out.Close()
	in, err := o.Sources.Open(ctx)
	if err != nil {
		return nil, err
	}
	run, err := plan(ctx, out, o, in)
	return run.plan, jobs.CauseOf(ctx, err)
}

func run(ctx context.Context, out *storage.Bucket, o Options, handle Handler) (Summary, error) {
	in, err := o.Sources.Open(ctx)
	if err != nil {
		return Summary{}, err
	}
	for _, w := range in.Warnings {
		handle(Warned{Message: w})
	}
	run, err := plan(ctx, out, o, in)
	if err != nil {
		return Summary{}, err
	}
	p := run.plan
	if o.ShardRows != 0 && o.ShardRows != p.ShardRows {
		handle(Warned{Message: fmt.Sprintf("run %s was planned with shards of %d rows and keeps them; %d are for a new run", p.RunID, p.ShardRows, o.ShardRows)})
	}
	c, err := committed(ctx, out, p.RunID)
	if err != nil {
		return Summary{}, err
	}
	if c != nil {
		handle(Planned{RunID: p.RunID, Resumed: true, Committed: true, Rows: p.Rows, Shards: len(p.Shards), DoneRows: p.Rows, DoneShards: len(p.Shards)})
		s := summarise(out, c, in, work{})
		s.AlreadyCommitted = true
		return s, nil
	}
	return finish(ctx, out, run, in, o, handle)
}

// finish labels the shards that are left and commits.
func finish(ctx context.Context, out *storage.Bucket, run planned, in *engine.Inputs, o Options, handle Handler) (Summary, error) {
	p := run.plan
	todo, err := remaining(ctx, out, p)
	if err != nil {
		return Summary{}, err
	}
	handle(Planned{RunID: p.RunID, Resumed: run.resumed, Rows: p.Rows, Shards: len(p.Shards),
		DoneRows: p.Rows - todo.rows, DoneShards: len(p.Shards) - len(todo.shards)})
	work := work{Device: "none"}
	if len(todo.shards) > 0 {
		warnOfRoom(out, p, todo.rows, handle)
		work, err = labelShards(ctx, out, run, in, o, todo, handle)
		err = orRoom(p, todo.rows, err)
	}
	var c *dataset.Commit
	if err == nil {
		c, err = commit(ctx, out, p, o.MaxRejectRate, o.Program)
	}
	if err != nil {
		met := err
		if c, err = overtaken(ctx, out, p.RunID, met); err != nil {
			return Summary{}, err
		}
		handle(Warned{Message: fmt.Sprintf("another process has committed run %s meanwhile; this one met: %v", p.RunID, met)})
	}
	s := summarise(out, c, in, work)
	s.ResumedRows = p.Rows - todo.rows
	return s, nil
}

// overtaken returns the commit of a run that another process has finished. What
// went wrong here no longer matters then: files of attempts may be gone by that
// time. Without one it returns what was met, or that the run was abandoned.
func overtaken(ctx context.Context, out *storage.Bucket, run string, met error) (*dataset.Commit, error) {
	if ctx.Err() != nil {
		return nil, met
	}
	c, err := committed(ctx, out, run)
	switch {
	case errors.Is(err, dataset.ErrAbandoned):
		unpublish(ctx, out, run)
		return nil, err
	case err != nil || c == nil:
		return nil, met // it tells more
	}
	return c, nil
}

// shardsToDo are the shards of a plan that have no receipt.
type shardsToDo struct {
	shards []pipeline.Shard
	rows   int64
}

func remaining(ctx context.Context, out *storage.Bucket, p *dataset.Plan) (shardsToDo, error) {
	done, err := dataset.Done(ctx, out, p)
	if err != nil {
		return shardsToDo{}, err
	}
	var todo shardsToDo
	for i, s := range p.Shards {
		if !done[i] {
			todo.shards = append(todo.shards, pipeline.Shard{Index: i, First: s.First, Rows: s.Rows})
			todo.rows += s.Rows
		}
	}
	return todo, nil
}

func summarise(out *storage.Bucket, c *dataset.Commit, in *engine.Inputs, w work) Summary {
	s := Summary{
		RunID: c.RunID, Output: out.URI(), Rows: c.Rows, OK: c.OK, Rejected: c.Rejected, Rejects: c.Codes,
		Bytes: map[string]int64{}, ModelID: c.ModelID, VocabID: c.VocabID, Untrained: !in.Description().Lineage.Trained,
		Device: w.Device, ImagesPerSecond: w.rate(), Stages: w.Stages,
	}
	if s.Rejects == nil {
		s.Rejects = map[string]int64{}
	}
	for _, f := range c.Files {
		s.Bytes[f.Table] += f.Bytes
		if f.Table == dataset.Images {
			s.Shards++
		}
	}
	return s
}
