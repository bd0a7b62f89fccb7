package engine

import (
	"context"
	"fmt"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/model"
	"github.com/sdl-batch/sdl-batch/training/scenes"
)

// Sources names the model and the vocabulary of a job.
type Sources struct {
	Model string // URI of a bundle; "" takes the embedded one
	Vocab string // URI of a vocabulary; "" takes the embedded one
	// ForceVocab uses a vocabulary although it seems to come from another
	// label space than the model's.
	ForceVocab bool
}

// Inputs are a model and a vocabulary that were found to fit together.
type Inputs struct {
	Bundle   *model.Bundle
	Vocab    *model.Vocabulary
	ModelID  string
	VocabID  string
	Warnings []string
}

// Open opens what the sources name. What is not named comes with the program.
func (s Sources) Open(ctx context.Context) (*Inputs, error) {
	bundle, vocab, err := s.open(ctx)
	if err != nil {
		return nil, err
	}
	return NewInputs(bundle, vocab, s.ForceVocab)
}

// NewInputs checks that a model and a vocabulary fit together, as
// model.Bundle.CheckVocabulary does.
func NewInputs(bundle *model.Bundle, vocab *model.Vocabulary, force bool) (*Inputs, error) {
	warnings, err := bundle.CheckVocabulary(vocab, force)
	if err != nil {
		return nil, err
	}
	return &Inputs{Bundle: bundle, Vocab: vocab, ModelID: bundle.ID(), VocabID: vocab.ID(), Warnings: warnings}, nil
}

// Description is the model's.
func (in *Inputs) Description() *model.Description { return &in.Bundle.Description }

func (s Sources) open(ctx context.Context) (bundle *model.Bundle, vocab *model.Vocabulary, err error) {
	if s.Model == "" || s.Vocab == "" {
		if bundle, vocab, err = scenes.Default(); err != nil {
			return nil, nil, err
		}
	}
	if s.Model != "" {
		if bundle, err = model.OpenBundle(ctx, s.Model); err != nil {
			return nil, nil, fmt.Errorf("model: %w", jobs.AsConfig(ctx, err))
		}
	}
	if s.Vocab != "" {
		if vocab, err = model.ReadVocabulary(ctx, s.Vocab); err != nil {
			return nil, nil, fmt.Errorf("vocabulary: %w", jobs.AsConfig(ctx, err))
		}
	}
	return bundle, vocab, nil
}
