package train

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/jobs/engine"
	measure "github.com/sdl-batch/sdl-batch/jobs/evaluate"
	"github.com/sdl-batch/sdl-batch/model"
	"github.com/sdl-batch/sdl-batch/model/ort"
	"github.com/sdl-batch/sdl-batch/model/tresnet"
	"github.com/sdl-batch/sdl-batch/stages/fetch"
	"github.com/sdl-batch/sdl-batch/training/evaluate"
	"github.com/sdl-batch/sdl-batch/training/features"
	"github.com/sdl-batch/sdl-batch/training/labels"
)

// validator measures tensors on the images that are held out. Only seen tags
// count: picking a model by its unseen tags would be training on them.
type validator func(ctx context.Context, p tresnet.Params) (map[string]float64, error)

// onImages measures by labelling the images, as the eval command does.
func (t *training) onImages(reader fetch.Reader) validator {
	part, told := t.set.validation, false
	return func(ctx context.Context, p tresnet.Params) (map[string]float64, error) {
		bundle, err := t.Bundle.Retrained(t.merged(p), model.Lineage{Trained: true}, t.Vocab, "")
		if err != nil {
			return nil, err
		}
		in, err := engine.NewInputs(bundle, t.Vocab, true)
		if err != nil {
			return nil, err
		}
		m, err := measure.Images{Reader: reader, Compute: t.options.Compute}.Measure(ctx, in, part)
		if err != nil {
			return nil, err
		}
		if m.Rejects.Count == part.Len() {
			return nil, errNothingMeasured
		}
		if err := jobs.WithinBudget(m.Rejects.Count, part.Len(), m.Rejects.Codes, t.options.MaxRejectRate); err != nil {
			return nil, err
		}
		if !told {
			t.unmeasured(m.Rejects.Count)
			told = true
		}
		return seenOnly(m.Report), nil
	}
}

// unmeasured tells of images that should validate and cannot.
func (t *training) unmeasured(n int64) {
	if n > 0 {
		t.send(engine.Warned{Message: fmt.Sprintf("%d of the %d images that validate could not be read", n, t.set.validation.Len())})
	}
}

var errNothingMeasured = errors.New("none of the images that validate could be read and scored")

// measurable refuses a metric that the validation cannot give.
func (t *training) measurable() error {
	_, err := evaluate.New(t.Vocab, evaluate.Options{}).Result().Metric(t.options.Recipe.Metric)
	switch all := t.set.validation.Len(); {
	case errors.Is(err, evaluate.ErrNoMetric):
		return fmt.Errorf("%w: metric %q: want seen.map, seen.map_present, or seen.p@K, seen.r@K, seen.f1@K with K 3 or 5", jobs.ErrConfig, t.options.Recipe.Metric)
	case all > 0 && t.set.rated == 0:
		return fmt.Errorf("%w: labels: none of the %d images that validate has a seen tag", jobs.ErrConfig, all)
	}
	return nil
}

// merged are the initial parameters with those that training changed.
func (s *start) merged(p tresnet.Params) tresnet.Params {
	all := tresnet.Params{}
	maps.Copy(all, s.params)
	maps.Copy(all, p)
	return all
}

func seenOnly(r *evaluate.Report) map[string]float64 {
	metrics := r.Metrics()
	maps.DeleteFunc(metrics, func(name string, _ float64) bool { return !strings.HasPrefix(name, "seen.") })
	return metrics
}

// validationBatch is how many features are scored at once.
const validationBatch = 256

// onFeatures measures a head on features.
func (s *start) onFeatures(table *features.Table, o ort.Options) validator {
	return func(ctx context.Context, p tresnet.Params) (map[string]float64, error) {
		if table.Len() == 0 {
			return nil, errNothingMeasured
		}
		graph, err := tresnet.HeadGraph(s.arch, s.merged(p))
		if err != nil {
			return nil, err
		}
		head, err := ort.NewSession(graph, o)
		if err != nil {
			return nil, err
		}
		defer head.Close()
		scorer, err := engine.NewScorer(s.Inputs)
		if err != nil {
			return nil, err
		}
		defer scorer.Close()
		h := &headScores{start: s, table: table, head: head, scorer: scorer, result: evaluate.New(s.Vocab, evaluate.Options{})}
		if err := h.run(ctx); err != nil {
			return nil, err
		}
		return seenOnly(h.result.Result()), nil
	}
}

// headScores scores features.
type headScores struct {
	*start
	table  *features.Table
	head   *ort.Session
	scorer *ort.Scorer
	result *evaluate.Accumulator
}

func (h *headScores) run(ctx context.Context) error {
	for first := int64(0); first < h.table.Len(); first += validationBatch {
		if err := h.batch(ctx, first, int(min(validationBatch, h.table.Len()-first))); err != nil {
			return fmt.Errorf("validation: %w", err)
		}
	}
	return nil
}

func (h *headScores) batch(ctx context.Context, first int64, n int) error {
	size, tags := h.arch.Features(), h.Vocab.Len()
	x, embedding := make([]float32, n*size), make([]float32, n*h.arch.Rows*h.arch.Dim)
	scores := make([]float32, n*tags)
	rows := make([]labels.Row, n)
	for i := range n {
		var err error
		if rows[i], err = h.table.At(first+int64(i), x[i*size:][:size]); err != nil {
			return err
		}
	}
	err := h.head.Run(ctx, []ort.Tensor{ort.Lend(x, n, size)}, []ort.Tensor{ort.Lend(embedding, n, h.arch.Rows, h.arch.Dim)})
	if err != nil {
		return err
	}
	if err := h.scorer.Scores(ctx, embedding, n, scores); err != nil {
		return err
	}
	for i, row := range rows {
		h.result.Add(scores[i*tags:][:tags], row)
	}
	return nil
}
