package dataset

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/sdl-batch/sdl-batch/storage"
)

// maxRecord bounds a record in memory; a plan of 10 million shards fits.
const maxRecord = 1 << 30

func readRecord(ctx context.Context, b *storage.Bucket, key string, v any) error {
	text, _, err := b.ReadAll(ctx, key, maxRecord)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, v); err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	return nil
}

// createRecord stores v unless the key is taken, and reports whether what is
// stored now is v.
func createRecord(ctx context.Context, b *storage.Bucket, key string, v any) (ours bool, err error) {
	text, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		return false, fmt.Errorf("%s: %w", key, err)
	}
	text = append(text, '\n')
	stored, err := b.CreateOnce(ctx, key, text)
	if err != nil {
		return false, err
	}
	return bytes.Equal(stored, text), nil
}
