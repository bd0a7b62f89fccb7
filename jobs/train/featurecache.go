package train

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/jobs/engine"
	"github.com/sdl-batch/sdl-batch/model/ort"
	"github.com/sdl-batch/sdl-batch/model/tresnet"
	"github.com/sdl-batch/sdl-batch/stages/fetch"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/training/features"
	"github.com/sdl-batch/sdl-batch/training/images"
	"github.com/sdl-batch/sdl-batch/training/labels"
)

// cache keeps computed features as Parquet, named by all that decides them.
type cache struct {
	*start
	options Options
	runtime engine.Runtime
	reader  fetch.Reader
	bucket  *storage.Bucket
	folder  string
	send    engine.Handler
	unread  []Rejected // of the part that was computed last; some
}

// key names the features of a part.
func (c *cache) key(p plan, part string) string {
	h := sha256.New()
	fmt.Fprintln(h, c.ModelID, p.Labels, p.Vocab, p.Recipe.HeldOut, p.Recipe.Seed, part)
	return c.folder + part + "-" + hex.EncodeToString(h.Sum(nil)[:8]) + ".parquet"
}

// table computes the features of a part, unless they are there, and loads them.
// rejected tells by code which images have none; it is empty where they were
// there already.
func (c *cache) table(ctx context.Context, p plan, name string, part *labels.Part) (t *features.Table, rejected map[string]int64, err error) {
	key := c.key(p, name)
	rejected = map[string]int64{}
	_, err = c.bucket.Stat(ctx, key)
	if errors.Is(err, storage.ErrNotExist) {
		err = c.compute(ctx, key, part, rejected)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("features: %w", err)
	}
	r, err := c.bucket.OpenAt(ctx, key)
	if err != nil {
		return nil, nil, err
	}
	defer r.Close()
	t, err = features.Load(ctx, r, r.Size(), part, c.arch.Features(), c.options.ScratchDir)
	return t, rejected, err
}

func (c *cache) compute(ctx context.Context, key string, part *labels.Part, rejected map[string]int64) error {
	graph, err := tresnet.FeatureGraph(c.arch, c.params, c.input)
	if err != nil {
		return err
	}
	embedder, err := ort.NewEmbedder(graph, c.runtime.Options)
	if err != nil {
		return fmt.Errorf("%w: model: %w", jobs.ErrConfig, err)
	}
	defer embedder.Close()
	c.unread = nil
	counter := engine.NewCounter(c.send, part.Len())
	computer := features.Computer{
		Stream: &images.Stream{
			Reader: c.reader, Fetch: c.options.Fetch, Spec: engine.DecodeSpec(c.Description()), Workers: c.options.Workers(),
			ChunkSize: min(c.options.Compute.Batch(embedder.Device(), part.Len()), images.MaxChunk),
		},
		Embedder: embedder, Size: c.arch.Features(),
		Done: func(n int, bad []images.Rejected) {
			counter.Add(n, len(bad))
			for _, r := range bad {
				told := rejectedOf(storage.Redact(r.Row.URI), r.Reject)
				rejected[told.Code]++
				if len(c.unread) < maxNamed {
					c.unread = append(c.unread, told)
					c.send(told)
				}
			}
		},
	}
	return reported(ctx, counter, func() error {
		return c.bucket.WriteObject(ctx, key, func(w io.Writer) error {
			return computer.Write(ctx, w, part, map[string]string{"sdl.model_id": c.ModelID, "sdl.content": "features of the net's stages"})
		})
	})
}

// reported runs work while a counter tells how far it is.
func reported(ctx context.Context, counter *engine.Counter, work func() error) error {
	watching, stop := context.WithCancel(ctx)
	var reports sync.WaitGroup
	reports.Go(func() { counter.Report(watching, nil) })
	counter.Send()
	err := work()
	stop()
	reports.Wait()
	counter.Send()
	return err
}

// openCache opens the folder of features: the options' or the training's own.
func (o Options) openCache(ctx context.Context, out *storage.Bucket) (bucket *storage.Bucket, folder string, release func(), err error) {
	if o.Features == "" {
		return out, featureFolder, func() {}, nil
	}
	bucket, err = storage.Open(ctx, strings.TrimSuffix(o.Features, "/"))
	if err != nil {
		return nil, "", nil, fmt.Errorf("features: %w", jobs.AsConfig(ctx, err))
	}
	return bucket, "", func() { bucket.Close() }, nil
}

const featureFolder = folderName + "features/"
