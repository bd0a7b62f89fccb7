package dataset

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/sdl-batch/sdl-batch/storage"
)

// MaxRecord bounds a record in bytes; a plan of 10 million shards fits.
const MaxRecord = 1 << 30

// ErrRecord says that a record is none that this program writes, or is of
// something else than its place.
var ErrRecord = errors.New("unreadable record")

// ErrNewer is found beside ErrRecord where a later program wrote the record.
var ErrNewer = errors.New("newer than this program")

func readRecord(ctx context.Context, b *storage.Bucket, key string, v any) error {
	text, _, err := b.ReadAll(ctx, key, MaxRecord)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, v); err != nil {
		return fmt.Errorf("%s: %w: %w", key, ErrRecord, err)
	}
	return nil
}

// createRecord stores v unless the key is taken, and reports whether what is
// stored now is v.
func createRecord(ctx context.Context, b *storage.Bucket, key string, v any) (ours bool, err error) {
	text, err := encode(v)
	if err != nil {
		return false, fmt.Errorf("%s: %w", key, err)
	}
	stored, err := b.CreateOnce(ctx, key, text)
	if err != nil {
		return false, err
	}
	return bytes.Equal(stored, text), nil
}
