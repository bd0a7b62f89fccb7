package label

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/sdl-batch/sdl-batch/jobs/engine"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/dataset"
)

// storeVocabulary keeps the vocabulary with the run, once.
func storeVocabulary(ctx context.Context, out *storage.Bucket, p *dataset.Plan, in *engine.Inputs) error {
	key := dataset.VocabKey(p.RunID)
	_, err := out.Stat(ctx, key)
	if err == nil || !errors.Is(err, storage.ErrNotExist) {
		return err
	}
	var file bytes.Buffer
	if err := in.Vocab.Encode(&file); err != nil {
		return fmt.Errorf("vocabulary: %w", err)
	}
	_, err = out.CreateOnce(ctx, key, file.Bytes())
	return err
}
