package label

import (
	"context"
	"crypto/sha256"
	"encoding/hex"

	"fmt"
	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/model"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/dataset"
)

// maxVocab bounds a vocabulary file: a million tags of 1,024 dimensions fit.
const maxVocab = 8 << 30

// vocabularyFile describes the vocabulary that the run keeps, having checked
// that it is the planned one.
func vocabularyFile(ctx context.Context, out *storage.Bucket, p *dataset.Plan) (dataset.File, error) {
	key := dataset.VocabKey(p.RunID)
	text, _, err := out.ReadAll(ctx, key, maxVocab)
	if err != nil {
		return dataset.File{}, err
	}
	v, err := model.DecodeVocabulary(ctx, text)
	if err != nil {
		return dataset.File{}, fmt.Errorf("%s: %w", key, err)
	}
	if v.ID() != p.Identity.VocabID {
		return dataset.File{}, fmt.Errorf("%w: %s holds vocabulary %s, the plan names %s", jobs.ErrDamaged, key, v.ID(), p.Identity.VocabID)
	}
	sum := sha256.Sum256(text)
	return dataset.File{
		Table: dataset.Vocab, Key: dataset.PartKey(dataset.Vocab, p.RunID, 0),
		Bytes: int64(len(text)), SHA256: hex.EncodeToString(sum[:]), Rows: int64(v.Len()),
	}, nil
}
