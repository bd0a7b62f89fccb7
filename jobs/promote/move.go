package promote

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/model"
	"github.com/sdl-batch/sdl-batch/storage"
)

// move copies the candidate beside the pointer and moves the pointer there.
func (o Options) move(ctx context.Context, p *Promotion) error {
	b, err := model.WriteBeside(ctx, o.Current, p.Candidate.bundle)
	if err != nil {
		return fmt.Errorf("copy the candidate: %w", err)
	}
	next := o.pointer(p)
	if next.Previous, err = o.unmoved(ctx, p.Current); err != nil {
		return err
	}
	there, err := model.WritePointer(ctx, o.Current, next)
	if err != nil {
		return err
	}
	if there.Pointed != next.Pointed {
		return fmt.Errorf("pointer %s: %w: it was moved on to %s", p.Pointer, jobs.ErrChanged, there.Bundle)
	}
	p.Promoted, p.Bundle = true, b.Location()
	return nil
}

func (o Options) pointer(p *Promotion) *model.Pointer {
	next := &model.Pointer{
		FormatVersion: model.PointerVersion, Pointed: model.Point(p.Candidate.ModelID), PromotedAt: time.Now().UTC().Truncate(time.Second),
		Metrics: p.Candidate.Metrics, Labels: p.LabelsDigest, Split: o.Split, Vocab: p.VocabID, Program: o.Program,
	}
	for _, r := range o.Require {
		next.Requirements = append(next.Requirements, r.String())
	}
	return next
}

// unmoved returns what the pointer names, nil where there is none. It is
// jobs.ErrChanged unless that is what the candidate was compared with.
func (o Options) unmoved(ctx context.Context, current *Side) (*model.Pointed, error) {
	changed := func(now string) error {
		return fmt.Errorf("pointer %s: %w: %s", storage.Redact(o.Current), jobs.ErrChanged, now)
	}
	p, err := model.ReadPointer(ctx, o.Current)
	switch {
	case errors.Is(err, storage.ErrNotExist) && current == nil:
		return nil, nil
	case errors.Is(err, storage.ErrNotExist):
		return nil, changed("it is gone")
	case err != nil:
		return nil, err
	case current == nil || p.ID != current.ModelID:
		return nil, changed("it names " + p.Bundle + " now")
	}
	return &p.Pointed, nil
}
