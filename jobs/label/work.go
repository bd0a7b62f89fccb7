package label

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/jobs/engine"
	"github.com/sdl-batch/sdl-batch/pipeline"
	"github.com/sdl-batch/sdl-batch/stages/manifest"
	"github.com/sdl-batch/sdl-batch/storage"
)

// work is what this process did of a run.
type work struct {
	Device  string
	Rows    int64
	Seconds float64 // from the first row to the last receipt
	Stages  map[string]pipeline.Reading
}

func (w work) rate() float64 {
	if w.Seconds == 0 {
		return 0
	}
	return float64(w.Rows) / w.Seconds
}

// labelShards labels shards and records them; it fails when one cannot be
// finished, after which those that were finished stay done.
func labelShards(ctx context.Context, out *storage.Bucket, run planned, in *engine.Inputs, o Options, todo shardsToDo, handle Handler) (work, error) {
	e, err := engine.New(ctx, in, o.TopK, o.Compute, todo.rows)
	if err != nil {
		return work{}, err
	}
	defer e.Close()
	send := engine.Serial(handle)
	send(e.Loaded())

	objects, manifestBucket, manifestKey, err := openStores(ctx, o)
	if err != nil {
		return work{}, err
	}
	defer objects.Close()
	defer manifestBucket.Close()

	start := time.Now()
	count := engine.NewCounter(send, todo.rows)
	w := wiring{
		out: out, run: run, in: in, options: o, engine: e, todo: todo.shards,
		objects: objects, manifest: manifestBucket, manifestKey: manifestKey,
		meters: map[string]*pipeline.Meter{}, count: count, send: send,
	}
	send(Bounded{Bytes: w.memory()})
	err = w.start(ctx)
	switch {
	case errors.Is(err, manifest.ErrKept):
		err = fmt.Errorf("%w: %w", jobs.ErrDamaged, err)
	case errors.Is(err, storage.ErrChanged): // the manifest: an image that changes is a reject
		err = fmt.Errorf("%w: %w", jobs.ErrConfig, err)
	}
	count.Send()
	return work{Device: e.Device, Rows: count.Rows(), Seconds: time.Since(start).Seconds(), Stages: w.readings()}, err
}

// openStores opens what rows are read from. A manifest on this machine may name
// any file here; one from elsewhere only what the options allow.
func openStores(ctx context.Context, o Options) (*storage.Objects, *storage.Bucket, string, error) {
	bucket, key, err := openFile(ctx, o.Manifest)
	if err != nil {
		return nil, nil, "", err
	}
	objects, err := jobs.ImagesOf(o.Manifest, o.Access)
	if err != nil {
		return nil, nil, "", err
	}
	return objects, bucket, key, nil
}

// openFile opens the folder of a file and returns the file's key in it.
func openFile(ctx context.Context, uri string) (*storage.Bucket, string, error) {
	folder, key, err := storage.SplitURI(uri)
	if err != nil {
		return nil, "", jobs.AsConfig(ctx, err)
	}
	bucket, err := jobs.OpenPatiently(ctx, folder)
	if err != nil {
		return nil, "", jobs.AsConfig(ctx, err)
	}
	return bucket, key, nil
}
