package promote

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/jobs/engine"
	"github.com/sdl-batch/sdl-batch/jobs/evaluate"
	"github.com/sdl-batch/sdl-batch/model"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/training/labels"
)

// Measuring: the evaluation of a model begins. Its Loaded and Progress follow.
type Measuring struct {
	What    string // "candidate" or "current"
	ModelID string
}

// Event implements the interface.
func (Measuring) Event() {}

// Run promotes a candidate if it meets what is required. handle receives
// Measuring and engine's events; it may be nil. Errors wrap jobs.ErrRequirement,
// jobs.ErrRejectBudget, jobs.ErrConfig, jobs.ErrChanged, storage.ErrTransient or
// the context's cause where they are of that kind. With the first two comes a
// promotion that tells more; the pointer is left as it is with every error.
func Run(ctx context.Context, o Options, handle engine.Handler) (*Promotion, error) {
	began := time.Now()
	if err := o.validate(); err != nil {
		return nil, err
	}
	p, err := o.run(ctx, engine.Serial(handle))
	if p != nil {
		p.Seconds = time.Since(began).Seconds()
	}
	return p, jobs.CauseOf(ctx, err)
}

func (o Options) run(ctx context.Context, send engine.Handler) (*Promotion, error) {
	p, err := o.open(ctx)
	if err != nil {
		return nil, err
	}
	if p.AlreadyCurrent {
		return p, nil
	}
	if err := o.measure(ctx, p, send); err != nil {
		return p, err
	}
	if err := p.judge(o.Require); err != nil {
		return p, err
	}
	if err := p.unmet(); err != nil || o.DryRun {
		return p, err
	}
	return p, o.move(ctx, p)
}

// open opens both models and the vocabulary and checks that they fit together,
// before hours are spent on one of them.
func (o Options) open(ctx context.Context) (*Promotion, error) {
	in, err := o.sources(o.Candidate).Open(ctx)
	if err != nil {
		return nil, fmt.Errorf("candidate: %w", err)
	}
	p := &Promotion{
		Pointer: storage.Redact(o.Current), Candidate: newSide(in.Bundle), Labels: storage.Redact(o.Labels), Split: o.Split,
		VocabID: in.VocabID, Requirements: []Outcome{}, DryRun: o.DryRun, Program: o.Program,
	}
	b, err := o.current(ctx)
	if err != nil || b == nil {
		return p, err
	}
	p.Current, p.AlreadyCurrent = newSide(b), b.ID() == in.ModelID
	if _, err := engine.NewInputs(b, in.Vocab, o.ForceVocab); err != nil && !p.AlreadyCurrent {
		return nil, fmt.Errorf("current model: %w", err)
	}
	return p, nil
}

// current opens the bundle that the pointer names; nil where there is no pointer.
func (o Options) current(ctx context.Context) (*model.Bundle, error) {
	_, missing := model.ReadPointer(ctx, o.Current)
	if missing != nil && (!errors.Is(missing, storage.ErrNotExist) || errors.Is(missing, storage.ErrNoBucket)) {
		return nil, jobs.AsConfig(ctx, missing)
	}
	b, err := model.OpenBundle(ctx, o.Current)
	switch {
	case missing != nil && errors.Is(err, storage.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("current model: %w", jobs.AsConfig(ctx, err))
	case b.Pointer == nil:
		return nil, fmt.Errorf("%w: %s is a bundle's folder, no pointer to one", jobs.ErrConfig, b.Location())
	}
	return b, nil
}

// measure evaluates both models on the same labels.
func (o Options) measure(ctx context.Context, p *Promotion, send engine.Handler) error {
	if err := o.measureSide(ctx, p, p.Candidate, "candidate", o.Candidate, send); err != nil {
		return err
	}
	if p.LabelsDigest == p.Candidate.bundle.Description.Lineage.Labels && o.includesTraining() {
		send(engine.Warned{Message: "the candidate was trained on these labels: its figures flatter it; name a split that it has not seen"})
	}
	if p.Current == nil {
		return nil
	}
	return o.measureSide(ctx, p, p.Current, "current", o.Current, send)
}

func (o Options) includesTraining() bool {
	return o.Split == "" || labels.SplitName(o.Split) == labels.Train
}

// measureSide evaluates one model. A model, or labels, that are no longer those
// of the promotion are jobs.ErrChanged.
func (o Options) measureSide(ctx context.Context, p *Promotion, s *Side, what, uri string, send engine.Handler) error {
	send(Measuring{What: what, ModelID: s.ModelID})
	e, err := evaluate.Run(ctx, o.evaluation(uri), send)
	if e != nil {
		s.measured(e)
	}
	if err != nil {
		return fmt.Errorf("measure the %s model: %w", what, err)
	}
	if p.LabelsDigest == "" {
		p.LabelsDigest, p.Rows = e.LabelsDigest, e.Rows
	}
	switch {
	case e.ModelID != s.ModelID:
		return fmt.Errorf("the %s model: %w: it was %s, is %s", what, jobs.ErrChanged, s.ModelID, e.ModelID)
	case e.LabelsDigest != p.LabelsDigest || e.VocabID != p.VocabID:
		return fmt.Errorf("labels or vocabulary: %w", jobs.ErrChanged)
	}
	return nil
}
