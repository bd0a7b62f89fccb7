package label

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/model"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/columnar"
	"github.com/sdl-batch/sdl-batch/storage/dataset"
)

// maxVocab bounds a vocabulary file: a million tags of 1,024 dimensions fit.
const maxVocab = 8 << 30

// vocabularyFile describes the vocabulary that the run keeps, in the run's
// format, having checked that it is the planned one.
func vocabularyFile(ctx context.Context, out *storage.Bucket, p *dataset.Plan) (dataset.File, error) {
	key, format := dataset.VocabKey(p.RunID), p.Identity.Files()
	text, _, err := out.ReadAll(ctx, key, maxVocab)
	if err != nil {
		return dataset.File{}, err
	}
	v, err := plannedVocabulary(ctx, p, key, text)
	if err != nil {
		return dataset.File{}, err
	}
	if format != dataset.Parquet {
		key = dataset.VocabSource(p.RunID, format)
		if text, err = stored(ctx, out, key, v, columnar.Format(format)); err != nil {
			return dataset.File{}, err
		}
		if v, err = plannedVocabulary(ctx, p, key, text); err != nil {
			return dataset.File{}, err
		}
	}
	sum := sha256.Sum256(text)
	return dataset.File{
		Table: dataset.Vocab, Key: dataset.PartKey(dataset.Vocab, p.RunID, 0, format),
		Bytes: int64(len(text)), SHA256: hex.EncodeToString(sum[:]), Rows: int64(v.Len()),
	}, nil
}

// plannedVocabulary reads a vocabulary that must be the plan's.
func plannedVocabulary(ctx context.Context, p *dataset.Plan, key string, text []byte) (*model.Vocabulary, error) {
	v, err := model.DecodeVocabulary(ctx, text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	if v.ID() != p.Identity.VocabID {
		return nil, fmt.Errorf("%w: %s holds vocabulary %s, the plan names %s", jobs.ErrDamaged, key, v.ID(), p.Identity.VocabID)
	}
	return v, nil
}

// stored writes a vocabulary in a format, once, and returns what is there.
func stored(ctx context.Context, out *storage.Bucket, key string, v *model.Vocabulary, format columnar.Format) ([]byte, error) {
	var file bytes.Buffer
	if err := v.EncodeAs(&file, format); err != nil {
		return nil, fmt.Errorf("vocabulary: %w", err)
	}
	return out.CreateOnce(ctx, key, file.Bytes())
}
