package evaluate

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/jobs/engine"
	"github.com/sdl-batch/sdl-batch/model/ort"
	"github.com/sdl-batch/sdl-batch/pipeline"
	"github.com/sdl-batch/sdl-batch/stages/fetch"
	"github.com/sdl-batch/sdl-batch/stages/infer"
	"github.com/sdl-batch/sdl-batch/training/evaluate"
	"github.com/sdl-batch/sdl-batch/training/images"
	"github.com/sdl-batch/sdl-batch/training/labels"
)

// Images says how the images of a part of a set are measured. Reader is
// required.
type Images struct {
	Reader  fetch.Reader
	Ks      []int // as evaluate.Options has them
	Compute engine.Compute
	Handle  engine.Handler // receives Loaded and Progress; may be nil
}

// Measured is what came of a part.
type Measured struct {
	Report  *evaluate.Report // of the images that were not rejected
	Rejects Rejects
	Device  string
	Seconds float64 // from the first image to the report
}

// Measure scores every image of a part with a model and a vocabulary and
// compares with the labels, whose tag ids are the vocabulary's. A bad image is
// among the rejects; a store that does not answer is storage.ErrTransient. A
// part without rows is jobs.ErrConfig.
func (m Images) Measure(ctx context.Context, in *engine.Inputs, part *labels.Part) (*Measured, error) {
	if part.Len() == 0 {
		return nil, fmt.Errorf("%w: there are no labelled images to evaluate", jobs.ErrConfig)
	}
	e, err := engine.New(ctx, in, 0, m.Compute, part.Len())
	if err != nil {
		return nil, err
	}
	defer e.Close()
	send := engine.Serial(m.Handle)
	send(e.Loaded())
	start := time.Now()
	s := &scoring{
		engine: e, result: evaluate.New(in.Vocab, evaluate.Options{Ks: m.Ks}), count: engine.NewCounter(send, part.Len()),
		matrix: e.Embedder.Rows() * e.Embedder.Dim(), tags: in.Vocab.Len(), rejects: newRejects(),
	}
	if err := s.run(ctx, m.stream(in, e.Batch), part); err != nil {
		return nil, err
	}
	return &Measured{Report: s.result.Result(), Rejects: s.rejects, Device: e.Device, Seconds: time.Since(start).Seconds()}, nil
}

func (m Images) stream(in *engine.Inputs, batch int) *images.Stream {
	return &images.Stream{
		Reader: m.Reader, Fetch: m.Compute.Fetch, Spec: engine.DecodeSpec(in.Description()),
		Workers: m.Compute.Workers(), ChunkSize: min(batch, images.MaxChunk),
	}
}

// scoring is one evaluation at work.
type scoring struct {
	engine  *engine.Engine
	result  *evaluate.Accumulator
	count   *engine.Counter
	matrix  int // K·D
	tags    int // C
	rejects Rejects

	embeddings, scores []float32 // room for a chunk
}

// run streams the part's images through the model, with reports meanwhile.
func (s *scoring) run(ctx context.Context, stream *images.Stream, part *labels.Part) error {
	watching, stop := context.WithCancel(ctx)
	var reports sync.WaitGroup
	reports.Go(func() { s.count.Report(watching, nil) })
	s.count.Send()
	err := stream.Run(ctx, items(ctx, part), s.chunk)
	stop()
	reports.Wait()
	s.count.Send()
	return err
}

// items are all rows of a part.
func items(ctx context.Context, part *labels.Part) iter.Seq2[images.Item, error] {
	return func(yield func(images.Item, error) bool) {
		position := int64(0)
		for row, err := range part.Rows(ctx) {
			if !yield(images.Item{Position: position, Row: row}, err) {
				return
			}
			position++
		}
	}
}

// chunk scores the images of a chunk.
func (s *scoring) chunk(ctx context.Context, c *images.Chunk) error {
	defer c.Release()
	for _, r := range c.Rejected {
		s.reject(r)
	}
	n := len(c.Items)
	if n == 0 {
		return nil
	}
	s.embeddings = room(s.embeddings, n*s.matrix)
	if err := s.engine.Embedder.Embed(ctx, c.Pixels, n, s.embeddings); err != nil {
		return err
	}
	return s.scoreChunk(ctx, c.Items)
}

// scoreChunk scores the images whose embeddings were computed, at once or,
// where one of them spoils that, one by one.
func (s *scoring) scoreChunk(ctx context.Context, items []images.Item) error {
	err := s.score(ctx, items, s.embeddings)
	if errors.Is(err, ort.ErrNotFinite) {
		return s.scoreEach(ctx, items)
	}
	return err
}

// score adds images whose embeddings are [n,K,D].
func (s *scoring) score(ctx context.Context, items []images.Item, embeddings []float32) error {
	s.scores = room(s.scores, len(items)*s.tags)
	if err := s.engine.Scorer.Scores(ctx, embeddings, len(items), s.scores); err != nil {
		return err
	}
	for i, item := range items {
		s.result.Add(s.scores[i*s.tags:][:s.tags], item.Row)
	}
	s.count.Add(len(items), 0)
	return nil
}

// scoreEach adds the images one by one and rejects those that cannot be scored.
func (s *scoring) scoreEach(ctx context.Context, items []images.Item) error {
	for i, item := range items {
		err := s.score(ctx, items[i:i+1], s.embeddings[i*s.matrix:][:s.matrix])
		switch {
		case errors.Is(err, ort.ErrNotFinite):
			s.reject(images.Rejected{Item: item, Reject: pipeline.Reject{
				Stage: "infer", Code: infer.CodeNotFinite, Message: "the model's embedding holds NaN, infinity or values too large to score",
			}})
		case err != nil:
			return err
		}
	}
	return nil
}

func (s *scoring) reject(r images.Rejected) {
	s.rejects.add(r)
	s.count.Add(0, 1)
}

func room(b []float32, n int) []float32 {
	if cap(b) < n {
		return make([]float32, n)
	}
	return b[:n]
}
