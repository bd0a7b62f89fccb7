package label

import (
	"context"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/pipeline"
	"github.com/sdl-batch/sdl-batch/storage/dataset"
)

// ReadRows calls each with the rows of a plan that Plan made with these options,
// in order, and labels nothing.
func ReadRows(ctx context.Context, o Options, p *dataset.Plan, each func(pipeline.Row) error) error {
	out, err := jobs.OpenPatiently(ctx, o.Output)
	if err != nil {
		return err
	}
	defer out.Close()
	bucket, key, err := openFile(ctx, o.Manifest)
	if err != nil {
		return err
	}
	defer bucket.Close()
	w := wiring{out: out, run: planned{plan: p, manifest: p.Manifest}, manifest: bucket, manifestKey: key, meters: map[string]*pipeline.Meter{}}
	for i, s := range p.Shards {
		w.todo = append(w.todo, pipeline.Shard{Index: i, First: s.First, Rows: s.Rows})
	}
	flow := pipeline.NewFlow(ctx)
	rows := pipeline.From(flow, "manifest", 256, w.source(pipeline.NewGate(len(p.Shards))))
	flow.Go("rows", func(ctx context.Context) error {
		for {
			row, more, err := pipeline.Recv(ctx, rows)
			if err != nil || !more {
				return err
			}
			if err := each(row); err != nil {
				return err
			}
		}
	})
	return flow.Wait()
}
