package label

import (
	"context"
	"sync"
	"time"

	"github.com/sdl-batch/sdl-batch/jobs/engine"
	"github.com/sdl-batch/sdl-batch/pipeline"
	"github.com/sdl-batch/sdl-batch/stages/decode"
	"github.com/sdl-batch/sdl-batch/stages/fetch"
	"github.com/sdl-batch/sdl-batch/stages/infer"
	"github.com/sdl-batch/sdl-batch/stages/rank"
	"github.com/sdl-batch/sdl-batch/stages/write"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/dataset"
)

const (
	openShards = 2 // one being finished behind the one being labelled
	slabs      = 6 // two open batches, the rest on the way through
)

// wiring connects the stages of the main job.
type wiring struct {
	out         *storage.Bucket
	run         planned
	in          *engine.Inputs
	options     Options
	engine      *engine.Engine
	todo        []pipeline.Shard
	objects     *storage.Objects
	manifest    *storage.Bucket
	manifestKey string
	count       *engine.Counter
	send        Handler
	meters      map[string]*pipeline.Meter
}

// start is the system's diagram.
func (w *wiring) start(ctx context.Context) error {
	watching, stop := context.WithCancel(ctx)
	var reports sync.WaitGroup
	defer reports.Wait()
	defer stop()
	flow := pipeline.NewFlow(ctx)
	gate := pipeline.NewGate(openShards)

	rows := pipeline.From(flow, "manifest", manifestDepth, w.source(gate))
	objects := pipeline.Through(flow, "fetch", objectDepth, rows, w.fetcher())
	batches := pipeline.Through(flow, "decode", 1, objects, w.decoder())
	inferred := pipeline.Through(flow, "infer", 2, batches, w.inferrer())
	ranked := pipeline.Through(flow, "rank", 2, inferred, w.ranker())
	pipeline.Into(flow, "write", ranked, w.writer(gate))

	narrow := pipeline.Watch(watching, flow, "manifest", 100*time.Millisecond)
	reports.Go(func() { w.count.Report(watching, narrow.Name) })
	return flow.Wait()
}

// meter returns the stage's meter. It is called while wiring only.
func (w *wiring) meter(stage string) *pipeline.Meter {
	m := &pipeline.Meter{}
	w.meters[stage] = m
	return m
}

func (w *wiring) readings() map[string]pipeline.Reading {
	out := map[string]pipeline.Reading{}
	for stage, m := range w.meters {
		out[stage] = m.Read()
	}
	return out
}

func (w *wiring) fetcher() *fetch.Stage {
	return &fetch.Stage{Reader: w.objects, Config: w.options.Fetch, Meter: w.meter("fetch")}
}

func (w *wiring) decoder() *decode.Stage {
	spec := engine.DecodeSpec(w.in.Description())
	return &decode.Stage{
		Spec: spec, Workers: w.options.Workers(), BatchSize: w.engine.Batch,
		Slabs:   pipeline.NewPool[uint8](slabs, w.engine.Batch*spec.Size*spec.Size*3),
		MaxText: batchText, Meter: w.meter("decode"),
	}
}

func (w *wiring) inferrer() *infer.Stage {
	matrix := w.in.Description().Rows * w.in.Description().Dim
	return &infer.Stage{
		Embedders: []infer.Embedder{w.engine.Embedder}, MatrixLen: matrix,
		Embeddings: pipeline.NewPool[float32](slabs, w.engine.Batch*matrix),
		Meter:      w.meter("infer"),
	}
}

func (w *wiring) ranker() *rank.Stage {
	d := w.in.Description()
	return &rank.Stage{Scorer: ranker{w.engine.Scorer}, Rows: d.Rows, Dim: d.Dim, Meter: w.meter("rank")}
}

func (w *wiring) writer(gate pipeline.Gate) *write.Sink {
	d := w.in.Description()
	return &write.Sink{
		Bucket: w.out, Plan: w.run.plan, Gate: gate, Meter: w.meter("write"),
		Config: write.Config{
			Rows: d.Rows, Dim: d.Dim, TopK: w.run.plan.Identity.TopK,
			Tags: w.in.Vocab.Tags, Seen: w.in.Vocab.Seen, ModelID: w.in.ModelID, VocabID: w.in.VocabID,
			Carried: w.run.plan.Identity.Carried, Device: w.engine.Device, Program: w.options.Program,
			Metadata: map[string]string{
				dataset.RunMetadata: w.run.plan.RunID, "sdl.model_id": w.in.ModelID, "sdl.vocab_id": w.in.VocabID, "sdl.program": w.options.Program,
			},
		},
		Display: storage.Redact,
		Counted: w.count.Add,
		Done: func(r *dataset.Receipt) {
			w.send(ShardDone{Shard: r.Shard, Rows: r.Rows, Rejected: r.Rejected, Seconds: r.Seconds})
		},
	}
}
