package label

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/pipeline"
	"github.com/sdl-batch/sdl-batch/stages/manifest"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/dataset"
)

// openManifest opens the manifest's folder, which the caller closes, and says how
// the manifest is read.
func openManifest(ctx context.Context, o Options) (manifest.File, *storage.Bucket, error) {
	format, err := o.format()
	if err != nil {
		return manifest.File{}, nil, fmt.Errorf("%w: %w", jobs.ErrConfig, err)
	}
	bucket, key, err := openFile(ctx, o.Manifest)
	if err != nil {
		return manifest.File{}, nil, err
	}
	return manifest.File{Bucket: bucket, Key: key, Format: format, Columns: manifest.Columns{URI: o.URIColumn, Carried: o.Carry}}, bucket, nil
}

// keepRows writes the rows of a compressed manifest under a name of its own and
// notes in the plan where they lie.
func keepRows(ctx context.Context, out *storage.Bucket, o Options, p *dataset.Plan, index manifest.Index) error {
	file, bucket, err := openManifest(ctx, o)
	if err != nil {
		return err
	}
	defer bucket.Close()
	key := dataset.KeptKey(p.RunID, dataset.NewID())
	var kept manifest.Kept
	err = out.WriteObject(ctx, key, func(w io.Writer) (err error) {
		kept, err = manifest.Keep(ctx, file, index, w)
		return err
	})
	if errors.Is(err, storage.ErrChanged) {
		return fmt.Errorf("%w: %w", jobs.ErrChanged, err)
	}
	if err != nil {
		return err
	}
	p.Manifest.Kept = &dataset.KeptRows{Key: key, Bytes: kept.Bytes, SHA256: kept.SHA256}
	for shard, at := range kept.Frames {
		p.Shards[shard].Frame = at
	}
	return nil
}

// dropRows deletes the rows that were kept for a plan, unless it is the one that
// was stored.
func dropRows(ctx context.Context, out *storage.Bucket, p, stored *dataset.Plan) error {
	if stored.Manifest.Kept != nil && stored.Manifest.Kept.Key == p.Manifest.Kept.Key {
		return nil
	}
	return out.Delete(ctx, p.Manifest.Kept.Key)
}

// source reads the rows of the shards to do: of the manifest, or of what the run
// keeps of it.
func (w *wiring) source(gate pipeline.Gate) *manifest.Source {
	p := w.run.plan
	s := &manifest.Source{
		File: manifest.File{
			Bucket: w.manifest, Key: w.manifestKey, Format: manifest.Format(p.Identity.ManifestFormat),
			Columns: manifest.Columns{URI: p.Identity.URIColumn, Carried: p.Identity.Carried},
		},
		Pinned: storage.Attrs{Size: w.run.manifest.Size, Version: w.run.manifest.Version},
		Header: p.Manifest.Header,
		Gate:   gate, Meter: w.meter("manifest"),
	}
	if kept := p.Manifest.Kept; kept != nil {
		s.Kept = &manifest.KeptRows{Bucket: w.out, Key: kept.Key, Bytes: kept.Bytes}
	}
	for _, shard := range w.todo {
		at := p.Shards[shard.Index]
		s.Tasks = append(s.Tasks, manifest.Task{Shard: shard, Offset: at.Offset, Line: at.Line, Frame: at.Frame, End: p.FrameEnd(shard.Index)})
	}
	return s
}
