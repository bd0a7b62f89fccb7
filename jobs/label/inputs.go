package label

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/sdl-batch/sdl-batch/model"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/dataset"
	"github.com/sdl-batch/sdl-batch/training/scenes"
)

// inputs are the model and the vocabulary of a run, found to fit together.
type inputs struct {
	bundle      *model.Bundle
	description *model.Description
	vocab       *model.Vocabulary
	modelID     string
	vocabID     string
	warnings    []string
}

// loadInputs opens what the options name. What is not named comes with the
// program.
func loadInputs(ctx context.Context, o Options) (*inputs, error) {
	bundle, vocab, err := openInputs(ctx, o)
	if err != nil {
		return nil, err
	}
	warnings, err := bundle.CheckVocabulary(vocab, o.ForceVocab)
	if err != nil {
		return nil, err
	}
	return &inputs{
		bundle: bundle, description: &bundle.Description, vocab: vocab,
		modelID: bundle.ID(), vocabID: vocab.ID(), warnings: warnings,
	}, nil
}

func openInputs(ctx context.Context, o Options) (*model.Bundle, *model.Vocabulary, error) {
	bundle, vocab, err := scenes.Default()
	if err != nil {
		return nil, nil, err
	}
	if o.Model != "" {
		if bundle, err = model.OpenBundle(ctx, o.Model); err != nil {
			return nil, nil, fmt.Errorf("model: %w", asConfig(ctx, err))
		}
	}
	if o.Vocab != "" {
		if vocab, err = model.ReadVocabulary(ctx, o.Vocab); err != nil {
			return nil, nil, fmt.Errorf("vocabulary: %w", asConfig(ctx, err))
		}
	}
	return bundle, vocab, nil
}

// storeVocabulary keeps the vocabulary with the run, once.
func storeVocabulary(ctx context.Context, out *storage.Bucket, p *dataset.Plan, in *inputs) error {
	key := dataset.VocabKey(p.RunID)
	_, err := out.Stat(ctx, key)
	if err == nil || !errors.Is(err, storage.ErrNotExist) {
		return err
	}
	var file bytes.Buffer
	if err := in.vocab.Encode(&file); err != nil {
		return fmt.Errorf("vocabulary: %w", err)
	}
	_, err = out.CreateOnce(ctx, key, file.Bytes())
	return err
}
