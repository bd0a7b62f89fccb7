package model

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/sdl-batch/sdl-batch/storage"
)

// folder is where a bundle lies: the folder at uri, or the one called within
// in it.
type folder struct {
	uri    string
	within string // a plain name, or ""
}

// fileTimeout is how long reading one file may take: embed.onnx of a large
// network holds hundreds of megabytes.
const fileTimeout = 20 * time.Minute

func (f folder) read(ctx context.Context, name string, maxBytes int64) ([]byte, error) {
	bucket, err := f.open(ctx)
	if err != nil {
		return nil, err
	}
	defer bucket.Close()
	data, _, err := bucket.ReadAll(ctx, f.key(name), maxBytes)
	return data, err
}

func (f folder) open(ctx context.Context) (*storage.Bucket, error) {
	return storage.OpenWith(ctx, f.uri, storage.Options{Retry: storage.Policy{AttemptTimeout: fileTimeout}})
}

// key is the key of a file in the bucket that open returns.
func (f folder) key(name string) string {
	if f.within == "" {
		return name
	}
	return f.within + "/" + name
}

func (f folder) location() string {
	uri := storage.Redact(f.uri)
	if f.within == "" {
		return uri
	}
	return strings.TrimSuffix(uri, "/") + "/" + f.within
}

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

// readObject reads one object by its URI.
func readObject(ctx context.Context, uri string, maxBytes int64) ([]byte, error) {
	parent, name, err := storage.SplitURI(uri)
	if err != nil {
		return nil, err
	}
	bucket, err := folder{uri: parent}.open(ctx)
	if err != nil {
		return nil, err
	}
	defer bucket.Close()
	data, _, err := bucket.ReadAll(ctx, name, maxBytes)
	return data, err
}
