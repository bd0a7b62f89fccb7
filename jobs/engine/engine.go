package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/model"
	"github.com/sdl-batch/sdl-batch/model/ort"
	"github.com/sdl-batch/sdl-batch/stages/decode"
)

// Engine is what computes: the model's session and the tags' scorer. Each of
// them is for one goroutine at a time.
type Engine struct {
	Embedder *ort.Embedder
	Scorer   *ort.Scorer
	Device   string // the one used
	Batch    int    // images inferred at once
	inputs   *Inputs
	library  ort.Library
	threads  int
	loadedIn time.Duration
}

// New loads the runtime library, the model and the vocabulary onto the device
// that c names. The scorer ranks the topK best tags of each group; 0 makes one
// that only scores. rows is how many images are to come. Close the engine.
func New(ctx context.Context, in *Inputs, topK int, c Compute, rows int64) (*Engine, error) {
	start := time.Now()
	runtime, err := c.Runtime()
	if err != nil {
		return nil, err
	}
	e := &Engine{inputs: in, library: runtime.Library, threads: runtime.Options.Threads}
	if err := e.open(ctx, runtime.Options, topK); err != nil {
		return nil, errors.Join(err, e.Close())
	}
	e.Device = e.Embedder.Device().String()
	e.Batch = c.batchFor(e.Embedder, rows)
	e.loadedIn = time.Since(start)
	return e, nil
}

func (e *Engine) open(ctx context.Context, o ort.Options, topK int) error {
	graph, err := e.inputs.Bundle.EmbedGraph(ctx)
	if err != nil {
		return err
	}
	if e.Embedder, err = ort.NewEmbedder(graph, o); err != nil {
		return fmt.Errorf("%w: model: %w", jobs.ErrConfig, err)
	}
	if err := e.fits(e.inputs.Description()); err != nil {
		return err
	}
	if e.Scorer, err = newScorer(e.inputs, topK); err != nil {
		return fmt.Errorf("%w: vocabulary: %w", jobs.ErrConfig, err)
	}
	return nil
}

// fits refuses a graph that is not the one its description tells of.
func (e *Engine) fits(d *model.Description) error {
	if e.Embedder.InputSize() == d.Input.Size && e.Embedder.Rows() == d.Rows && e.Embedder.Dim() == d.Dim {
		return nil
	}
	return fmt.Errorf("%w: the graph takes %d pixels and gives [%d,%d], model.json says %d and [%d,%d]", model.ErrMismatch,
		e.Embedder.InputSize(), e.Embedder.Rows(), e.Embedder.Dim(), d.Input.Size, d.Rows, d.Dim)
}

// Close frees the sessions.
func (e *Engine) Close() error {
	var errs []error
	if e.Embedder != nil {
		errs = append(errs, e.Embedder.Close())
	}
	if e.Scorer != nil {
		errs = append(errs, e.Scorer.Close())
	}
	return errors.Join(errs...)
}

// Loaded tells what was loaded.
func (e *Engine) Loaded() Loaded {
	d := e.inputs.Description()
	return Loaded{
		ModelID: e.inputs.ModelID, ModelName: modelName(d), Untrained: !d.Lineage.Trained,
		Tags: e.inputs.Vocab.Len(), Unseen: len(e.inputs.Vocab.UnseenIDs()),
		Device: e.Device, Passed: strings.Join(e.Embedder.PassedOver(), "; "),
		Library: e.library.Version, BatchSize: e.Batch, Threads: e.threads, Seconds: e.loadedIn.Seconds(),
	}
}

func modelName(d *model.Description) string {
	if d.Architecture.Kind == model.KindONNX {
		return fmt.Sprintf("%s, %dx%d at %d px", d.Architecture, d.Rows, d.Dim, d.Input.Size)
	}
	return fmt.Sprintf("%s %v width %g, %dx%d at %d px", d.Architecture.Kind, d.Architecture.Layers, d.Architecture.Width, d.Rows, d.Dim, d.Input.Size)
}

// DecodeSpec says what pixels a model wants.
func DecodeSpec(d *model.Description) decode.Spec {
	return decode.Spec{Size: d.Input.Size, ShortSide: d.Input.ShortSide, Filter: d.Input.Filter, ApplyEXIF: d.Input.EXIF == model.EXIFApply}
}

// reductions are the runtime's, by their names in a description.
var reductions = map[string]ort.Reduction{
	model.ReduceMax: ort.Max, model.ReduceMean: ort.Mean, model.ReduceTopKMean: ort.TopMean,
}

func newScorer(in *Inputs, topK int) (*ort.Scorer, error) {
	d := in.Description()
	return ort.NewScorer(ort.ScorerConfig{
		Vectors: in.Vocab.Vectors, Seen: in.Vocab.Seen, Rows: d.Rows, Dim: d.Dim, TopK: topK,
		Reduction: reductions[d.RowReduction.Kind], TopRows: d.RowReduction.K,
		NormalizeRows: d.Normalise.Rows, NormalizeTags: d.Normalise.Labels, LogitScale: d.LogitScale,
	}, ort.Options{Device: ort.Device{Provider: ort.CPU}, Threads: 1})
}
