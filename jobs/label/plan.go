package label

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/jobs/engine"
	"github.com/sdl-batch/sdl-batch/model"
	"github.com/sdl-batch/sdl-batch/stages/manifest"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/dataset"
)

// maxPart is the size that a part file may not pass.
const maxPart = 4 << 30

// planned is a run about to be worked on.
type planned struct {
	plan    *dataset.Plan
	resumed bool // the plan existed
	// manifest is the file as it is now; its content is the plan's.
	manifest dataset.Manifest
}

// plan returns the run's plan: that of the run named, that of the newest
// uncommitted run alike, or a new one.
func plan(ctx context.Context, out *storage.Bucket, o Options, in *engine.Inputs) (planned, error) {
	fresh, index, err := draft(ctx, o, in)
	if err != nil {
		return planned{}, err
	}
	run := planned{manifest: fresh.Manifest}
	if run.plan, err = existing(ctx, out, fresh); err != nil {
		return planned{}, refused(noOutput(err))
	}
	if run.resumed = run.plan != nil; !run.resumed {
		if fresh.RunID == "" {
			fresh.RunID = newRunID(time.Now())
		}
		if run.plan, err = create(ctx, out, o, fresh, index); err != nil {
			return planned{}, refused(noOutput(err))
		}
	}
	if err := sameRun(run.plan, fresh); err != nil {
		return planned{}, err
	}
	return run, storeVocabulary(ctx, out, run.plan, in)
}

// noOutput marks the error of an output without a bucket: folders are made when
// missing, buckets are not.
func noOutput(err error) error {
	if errors.Is(err, storage.ErrNoBucket) {
		return fmt.Errorf("%w: output: %w", jobs.ErrConfig, err)
	}
	return err
}

// existing returns the plan that a command goes on with, or nil.
func existing(ctx context.Context, out *storage.Bucket, fresh *dataset.Plan) (*dataset.Plan, error) {
	if fresh.RunID == "" {
		return newestAlike(ctx, out, fresh.Fingerprint)
	}
	p, err := dataset.ReadPlan(ctx, out, fresh.RunID)
	if errors.Is(err, storage.ErrNotExist) {
		return planOfCommitted(ctx, out, fresh.RunID)
	}
	return p, err
}

// planOfCommitted looks once more for a plan that was not there: nil where the run
// is not committed either, jobs.ErrDamaged where it is. A plan that is made anew
// might describe another run than the one that was committed.
func planOfCommitted(ctx context.Context, out *storage.Bucket, run string) (*dataset.Plan, error) {
	_, err := dataset.ReadCommit(ctx, out, run)
	if errors.Is(err, storage.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	p, err := dataset.ReadPlan(ctx, out, run) // another process may have done it all meanwhile
	if errors.Is(err, storage.ErrNotExist) {
		err = fmt.Errorf("%w: run %s is committed, but has no plan any more: %w", jobs.ErrDamaged, run, err)
	}
	return p, err
}

// create writes a plan where the store can keep its promises. Another process may
// come first: its plan counts.
func create(ctx context.Context, out *storage.Bucket, o Options, p *dataset.Plan, index manifest.Index) (*dataset.Plan, error) {
	if err := out.ProbeCreateOnce(ctx, dataset.ProbePrefix(p.RunID)); err != nil {
		return nil, fmt.Errorf("output %s: %w", out.URI(), err)
	}
	if index.Compression == "" {
		return dataset.CreatePlan(ctx, out, p)
	}
	if err := keepRows(ctx, out, o, p, index); err != nil {
		return nil, fmt.Errorf("manifest %s: %w", storage.Redact(o.Manifest), err)
	}
	stored, err := dataset.CreatePlan(ctx, out, p)
	if err != nil {
		if errors.Is(err, dataset.ErrAbandoned) {
			err = errors.Join(err, out.Delete(ctx, p.Manifest.Kept.Key))
		}
		return nil, err // else whether it was stored is not known: the rows stay
	}
	return stored, dropRows(ctx, out, p, stored)
}

// sameRun refuses to go on with a run that is not what the command describes.
func sameRun(p, fresh *dataset.Plan) error {
	if p.Fingerprint == fresh.Fingerprint {
		return nil
	}
	other := &OtherRunError{RunID: p.RunID, Differences: p.Differences(fresh)}
	if p.Identity.ModelID != fresh.Identity.ModelID && p.ModelURI != fresh.ModelURI {
		other.ModelURI = p.ModelURI
	}
	return other
}

// OtherRunError is the jobs.ErrConfig of a run that is another one than the
// options describe.
type OtherRunError struct {
	RunID       string
	Differences []string // in words
	// ModelURI is where the run's model was, without secrets, if the options name
	// another place with another model; else "".
	ModelURI string
}

func (e *OtherRunError) Error() string {
	return fmt.Sprintf("%v: run %s is another run than this command describes:\n  %s", jobs.ErrConfig, e.RunID, strings.Join(e.Differences, "\n  "))
}

func (e *OtherRunError) Unwrap() error { return jobs.ErrConfig }

// draft scans the manifest and describes the run that the options ask for.
func draft(ctx context.Context, o Options, in *engine.Inputs) (*dataset.Plan, manifest.Index, error) {
	index, err := scan(ctx, o)
	if err != nil {
		return nil, index, err
	}
	p, err := describe(o, in, index)
	return p, index, err
}

func describe(o Options, in *engine.Inputs, index manifest.Index) (*dataset.Plan, error) {
	format, err := o.format()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", jobs.ErrConfig, err)
	}
	if in.Bundle.Pointer != nil {
		o.Model = in.Bundle.Location() // the pointer may move
	}
	names, err := namesOf(o)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", jobs.ErrConfig, err)
	}
	matrix := int64(in.Description().Rows * in.Description().Dim * 4)
	if rows := min(o.shardRows(), index.Rows); rows*matrix > maxPart {
		return nil, fmt.Errorf("%w: a shard of %d rows would hold %d GiB of embeddings, over 4; give --shard-rows %d",
			jobs.ErrConfig, rows, rows*matrix>>30, maxPart/matrix)
	}
	p := &dataset.Plan{
		Format: dataset.Format, RunID: o.RunID, CreatedAt: time.Now().UTC(), Program: o.Program,
		Manifest: dataset.Manifest{
			URI: names.manifest, Version: index.Attrs.Version, Size: index.Attrs.Size, Compression: index.Compression, Header: index.Header,
		},
		ModelURI: names.model, VocabURI: names.vocab,
		Rows: index.Rows, ShardRows: o.shardRows(), Scoring: scoring(in.Description()),
		Identity: dataset.Identity{
			ManifestSHA256: index.SHA256, ManifestFormat: string(format), ManifestBase: names.base,
			URIColumn: o.URIColumn, Carried: o.Carry, AllowHTTP: sortedHosts(o.AllowHTTP),
			ModelID: in.ModelID, VocabID: in.VocabID, TopK: o.TopK, Precision: o.Precision, Schema: dataset.Schema, TableFormat: tableFormat(o.Format),
		},
	}
	for _, s := range index.Starts {
		p.Shards = append(p.Shards, dataset.Shard{First: s.First, Rows: s.Rows, Offset: s.Offset, Line: s.Line})
	}
	p.Fingerprint = p.Identity.Fingerprint()
	return p, nil
}

// tableFormat is the format as identities have it: Parquet, the only one once, is
// "".
func tableFormat(format string) string {
	if format == dataset.Parquet {
		return ""
	}
	return format
}

// sortedHosts are web hosts as identities have them.
func sortedHosts(hosts []string) []string {
	var all []string
	for _, h := range hosts {
		all = append(all, strings.ToLower(h))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// names are the places that a plan tells of: without secrets, and the same from
// any working folder.
type names struct {
	manifest, base, model, vocab string
}

func namesOf(o Options) (n names, err error) {
	folder, _, err := storage.SplitURI(o.Manifest)
	if err != nil {
		return n, err
	}
	for _, name := range []struct {
		uri string
		to  *string
	}{{o.Manifest, &n.manifest}, {folder, &n.base}, {o.Model, &n.model}, {o.Vocab, &n.vocab}} {
		if name.uri == "" {
			continue // the program's own
		}
		uri, err := storage.Absolute(name.uri)
		if err != nil {
			return n, err
		}
		*name.to = inUTF8(storage.Redact(uri))
	}
	return n, nil
}

// inUTF8 is a name as a record can hold it: bytes of a local name that are no UTF-8
// are written as \xe9, so that names that differ stay apart.
func inUTF8(name string) string {
	if utf8.ValidString(name) {
		return name
	}
	return strings.Trim(strconv.Quote(name), `"`)
}

func scoring(d *model.Description) dataset.Scoring {
	return dataset.Scoring{
		Rows: d.Rows, Dim: d.Dim, Reduction: d.RowReduction.Kind, ReductionK: d.RowReduction.K,
		NormaliseRows: d.Normalise.Rows, NormaliseLabels: d.Normalise.Labels, LogitScale: d.LogitScale,
	}
}

func scan(ctx context.Context, o Options) (manifest.Index, error) {
	file, bucket, err := openManifest(ctx, o)
	if err != nil {
		return manifest.Index{}, err
	}
	defer bucket.Close()
	index, err := manifest.Scan(ctx, file, o.shardRows())
	switch {
	case errors.Is(err, storage.ErrChanged):
		err = fmt.Errorf("manifest %s: %w: %w", storage.Redact(o.Manifest), jobs.ErrChanged, err)
	case errors.Is(err, storage.ErrNotExist):
		err = fmt.Errorf("manifest: %w", jobs.AsConfig(ctx, err)) // names the file
	case err != nil:
		err = fmt.Errorf("manifest %s: %w", storage.Redact(o.Manifest), jobs.AsConfig(ctx, err))
	}
	return index, err
}

// newRunID returns an id that sorts by time and that no other process takes.
func newRunID(now time.Time) string {
	var tail [5]byte
	if _, err := rand.Read(tail[:]); err != nil {
		panic("label: no randomness: " + err.Error())
	}
	return now.UTC().Format("20060102T150405Z") + "-" + hex.EncodeToString(tail[:])
}
