package jobs

import (
	"context"

	"github.com/sdl-batch/sdl-batch/storage"
)

// patience is how often a store is asked that a long job cannot do without: 8
// times, with 22 s of waits in all, so that a job outlives a store's restart or a
// burst of SlowDown.
var patience = storage.Options{Retry: storage.Policy{Attempts: 8}}

// OpenPatiently is storage.Open for the output and the manifest of a long job.
func OpenPatiently(ctx context.Context, uri string) (*storage.Bucket, error) {
	return storage.OpenWith(ctx, uri, patience)
}
