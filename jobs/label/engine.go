package label

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/model"
	"github.com/sdl-batch/sdl-batch/model/ort"
	"github.com/sdl-batch/sdl-batch/pipeline"
	"github.com/sdl-batch/sdl-batch/stages/decode"
	"github.com/sdl-batch/sdl-batch/stages/infer"
)

// engine is what computes: the model's session and the tag scorer.
type engine struct {
	library   ort.Library
	embedder  *ort.Embedder
	embedders []infer.Embedder
	scorer    *tagScorer
	device    string
	batch     int
	threads   int
	loadedIn  time.Duration
}

// newEngine loads the runtime library, the model and the vocabulary onto the
// device that the options name. rows is how many images are to come.
func newEngine(ctx context.Context, in *inputs, o Options, rows int64) (*engine, error) {
	start := time.Now()
	device, err := ort.ParseDevice(o.Device)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", jobs.ErrConfig, err)
	}
	path, err := ort.Find(o.Library, o.LibraryEnv)
	if err != nil {
		return nil, err
	}
	e := &engine{threads: threads(o)}
	if e.library, err = ort.Load(path); err != nil {
		return nil, fmt.Errorf("%w: %w", jobs.ErrConfig, err)
	}
	if err := e.open(ctx, in, device, o); err != nil {
		e.close()
		return nil, err
	}
	e.device = e.embedder.Device().String()
	e.batch = int(min(int64(batchSize(o, e.embedder.Device())), rows))
	e.loadedIn = time.Since(start)
	return e, nil
}

func (e *engine) open(ctx context.Context, in *inputs, device ort.Device, o Options) error {
	graph, err := in.bundle.EmbedGraph(ctx)
	if err != nil {
		return err
	}
	if e.embedder, err = ort.NewEmbedder(graph, ort.Options{Device: device, Threads: e.threads}); err != nil {
		return fmt.Errorf("%w: model: %w", jobs.ErrConfig, err)
	}
	if err := e.fits(in.description); err != nil {
		return err
	}
	e.embedders = []infer.Embedder{e.embedder}
	if e.scorer, err = newTagScorer(in, o.TopK); err != nil {
		return fmt.Errorf("%w: vocabulary: %w", jobs.ErrConfig, err)
	}
	return nil
}

// fits refuses a graph that is not the one its description tells of.
func (e *engine) fits(d *model.Description) error {
	if e.embedder.InputSize() == d.Input.Size && e.embedder.Rows() == d.Rows && e.embedder.Dim() == d.Dim {
		return nil
	}
	return fmt.Errorf("%w: the graph takes %d pixels and gives [%d,%d], model.json says %d and [%d,%d]", model.ErrMismatch,
		e.embedder.InputSize(), e.embedder.Rows(), e.embedder.Dim(), d.Input.Size, d.Rows, d.Dim)
}

func (e *engine) close() {
	if e.embedder != nil {
		e.embedder.Close()
	}
	if e.scorer != nil {
		e.scorer.close()
	}
}

func (e *engine) loaded(in *inputs) Loaded {
	d := in.description
	return Loaded{
		ModelID: in.modelID, ModelName: modelName(d), Untrained: !d.Lineage.Trained,
		Tags: in.vocab.Len(), Unseen: len(in.vocab.UnseenIDs()),
		Device: e.device, Passed: strings.Join(e.embedder.PassedOver(), "; "),
		Library: e.library.Version, BatchSize: e.batch, Threads: e.threads, Seconds: e.loadedIn.Seconds(),
	}
}

func modelName(d *model.Description) string {
	return fmt.Sprintf("%s %v width %g, %dx%d at %d px", d.Architecture.Kind, d.Architecture.Layers, d.Architecture.Width, d.Rows, d.Dim, d.Input.Size)
}

func threads(o Options) int {
	if o.Threads > 0 {
		return o.Threads
	}
	return runtime.GOMAXPROCS(0)
}

// Default batch sizes: on a processor a small batch keeps activations near the
// cores; an accelerator wants to be filled.
const (
	batchCPU         = 8
	batchAccelerator = 64
)

func batchSize(o Options, d ort.Device) int {
	switch {
	case o.BatchSize > 0:
		return o.BatchSize
	case d.Provider == ort.CPU:
		return batchCPU
	}
	return batchAccelerator
}

// decodeSpec says what pixels the model wants.
func decodeSpec(d *model.Description) decode.Spec {
	return decode.Spec{Size: d.Input.Size, Filter: d.Input.Filter, ApplyEXIF: d.Input.EXIF == model.EXIFApply}
}

// tagScorer is the runtime's scorer as the rank stage wants it.
type tagScorer struct{ ranker *ort.Scorer }

// reductions are the runtime's, by their names in a description.
var reductions = map[string]ort.Reduction{
	model.ReduceMax: ort.Max, model.ReduceMean: ort.Mean, model.ReduceTopKMean: ort.TopMean,
}

func newTagScorer(in *inputs, topK int) (*tagScorer, error) {
	d := in.description
	s, err := ort.NewScorer(ort.ScorerConfig{
		Vectors: in.vocab.Vectors, Seen: in.vocab.Seen, Rows: d.Rows, Dim: d.Dim, TopK: topK,
		Reduction: reductions[d.RowReduction.Kind], TopRows: d.RowReduction.K,
		NormalizeRows: d.Normalise.Rows, NormalizeTags: d.Normalise.Labels, LogitScale: d.LogitScale,
	}, ort.Options{Device: ort.Device{Provider: ort.CPU}, Threads: 1})
	if err != nil {
		return nil, err
	}
	return &tagScorer{s}, nil
}

// Rank implements rank.Scorer.
func (s *tagScorer) Rank(ctx context.Context, embeddings []float32, n int) (seen, unseen pipeline.RankedTags, err error) {
	a, b, err := s.ranker.Rank(ctx, embeddings, n)
	return pipeline.RankedTags(a), pipeline.RankedTags(b), err
}

func (s *tagScorer) close() { s.ranker.Close() }
