package model

import (
	"context"
	"fmt"
	"time"

	"github.com/sdl-batch/sdl-batch/storage"
)

// folder is the URI of a bundle's folder.
type folder string

// fileTimeout is how long reading one file may take: embed.onnx of a large
// network holds hundreds of megabytes.
const fileTimeout = 20 * time.Minute

func (f folder) read(ctx context.Context, name string, maxBytes int64) ([]byte, error) {
	bucket, err := f.open(ctx)
	if err != nil {
		return nil, err
	}
	defer bucket.Close()
	data, _, err := bucket.ReadAll(ctx, name, maxBytes)
	return data, err
}

func (f folder) open(ctx context.Context) (*storage.Bucket, error) {
	return storage.OpenWith(ctx, string(f), storage.Options{Retry: storage.Policy{AttemptTimeout: fileTimeout}})
}

func (f folder) location() string { return storage.Redact(string(f)) }

// memory holds the files of a bundle that was made in this process.
type memory map[string][]byte

func (m memory) read(_ context.Context, name string, maxBytes int64) ([]byte, error) {
	data, ok := m[name]
	switch {
	case !ok:
		return nil, fmt.Errorf("%s in memory: %w", name, storage.ErrNotExist)
	case int64(len(data)) > maxBytes:
		return nil, fmt.Errorf("%s in memory: %w", name, storage.ErrTooLarge)
	}
	return data, nil
}

func (m memory) location() string { return "memory" }
