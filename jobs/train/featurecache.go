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
	"github.com/sdl-batch/sdl-batch/storage/columnar"
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
// Over the reject budget nothing is kept, so that images can be repaired.
func (c *cache) table(ctx context.Context, p plan, name string, part *labels.Part) (*features.Table, error) {
	key := c.key(p, name)
	t, err := c.load(ctx, key, part)
	switch {
	case err == nil && c.within(part.Len()-t.Len(), part, nil) == nil:
		return t, nil
	case err == nil: // kept under a higher budget: images may have been repaired since
		err = t.Close()
	case errors.Is(err, storage.ErrNotExist):
		err = nil
	case errors.Is(err, columnar.ErrCorrupt):
		c.send(engine.Warned{Message: fmt.Sprintf("features are computed again: %v", err)})
		err = nil
	}
	if err == nil {
		err = c.compute(ctx, key, part)
	}
	if err != nil {
		return nil, fmt.Errorf("features: %w", err)
	}
	return c.load(ctx, key, part)
}

func (c *cache) load(ctx context.Context, key string, part *labels.Part) (*features.Table, error) {
	r, err := c.bucket.OpenAt(ctx, key)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return features.Load(ctx, r, r.Size(), part, c.arch.Features(), c.options.ScratchDir)
}

// within is jobs.ErrRejectBudget where too many images of a part have no features.
func (c *cache) within(missing int64, part *labels.Part, codes map[string]int64) error {
	return jobs.WithinBudget(missing, part.Len(), codes, c.options.MaxRejectRate)
}

func (c *cache) compute(ctx context.Context, key string, part *labels.Part) error {
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
	rejected, missing := map[string]int64{}, int64(0)
	counter := engine.NewCounter(c.send, part.Len())
	computer := features.Computer{
		Stream: &images.Stream{
			Reader: c.reader, Fetch: c.options.Fetch, Spec: engine.DecodeSpec(c.Description()), Workers: c.options.Workers(),
			ChunkSize: min(c.options.Compute.Batch(embedder.Device(), part.Len()), images.MaxChunk),
		},
		Embedder: embedder, Size: c.arch.Features(),
		Done: func(n int, bad []images.Rejected) {
			counter.Add(n, len(bad))
			missing += int64(len(bad))
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
			err := computer.Write(ctx, w, part, map[string]string{"sdl.model_id": c.ModelID, "sdl.content": "features of the net's stages"})
			if err == nil {
				err = c.within(missing, part, rejected)
			}
			return err
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
