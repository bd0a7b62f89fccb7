// Package label is the main job: it plans a run, labels its shards and commits
// it.
package label

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/jobs/engine"
	"github.com/sdl-batch/sdl-batch/stages/manifest"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/columnar"
	"github.com/sdl-batch/sdl-batch/storage/dataset"
)

// Options of a run. Manifest and Output are required.
type Options struct {
	Manifest string // URI of the list of images
	Output   string // URI of the dataset folder
	RunID    string // "" resumes the newest uncommitted run alike, or makes an id

	engine.Sources

	ManifestFormat string   // "" goes by the manifest's name
	URIColumn      string   // of a manifest with columns; "" takes a usual name
	Carry          []string // columns copied to the images table
	jobs.Access

	ShardRows     int64   // of a new run; a plan keeps its own; 16384
	TopK          int     // tags kept per group; 10
	Precision     string  // "fp32"
	Format        string  // of the tables: dataset.Parquet or Arrow; "" is Parquet
	MaxRejectRate float64 // share of the run's rows; over it nothing is published

	engine.Compute
	Program string // name and version, for the records
}

func (o Options) withDefaults() Options {
	if o.TopK == 0 {
		o.TopK = 10
	}
	if o.Precision == "" {
		o.Precision = "fp32"
	}
	return o
}

// shardRows is how many rows a shard of a new run has.
func (o Options) shardRows() int64 { return cmp.Or(o.ShardRows, 16384) }

// validate reports every problem at once.
func (o Options) validate() error {
	var problems []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			problems = append(problems, fmt.Errorf(format, args...))
		}
	}
	check(o.Manifest != "", "no manifest given")
	check(o.Output != "", "no output given")
	check(o.ShardRows >= 0 && o.ShardRows <= dataset.MaxShardRows, "shard rows %d: want 1 to %d", o.ShardRows, dataset.MaxShardRows)
	check(o.TopK >= 1 && o.TopK <= 1000, "top-k %d: want 1 to 1000", o.TopK)
	check(o.Precision == "fp32", "precision %q: want fp32", o.Precision)
	check(slices.Contains([]string{"", dataset.Parquet, dataset.Arrow}, o.Format), "table format %q: want %s or %s", o.Format, dataset.Parquet, dataset.Arrow)
	check(o.MaxRejectRate >= 0 && o.MaxRejectRate <= 1, "reject rate %g: want 0 to 1", o.MaxRejectRate)
	for _, name := range slices.Concat([]string{o.URIColumn}, o.Carry) {
		check(utf8.ValidString(name), "column %q is not in UTF-8", name)
	}
	if err := columnar.CheckCarried(o.Carry); err != nil {
		problems = append(problems, err)
	}
	if err := o.Compute.Validate(); err != nil {
		problems = append(problems, err)
	}
	if err := o.Access.Validate(); err != nil {
		problems = append(problems, err)
	}
	if o.RunID != "" {
		if err := dataset.ValidateRunID(o.RunID); err != nil {
			problems = append(problems, err)
		}
	}
	if _, err := o.format(); err != nil {
		problems = append(problems, err)
	}
	if len(problems) > 0 {
		return fmt.Errorf("%w: %w", jobs.ErrConfig, errors.Join(problems...))
	}
	return nil
}

func (o Options) format() (manifest.Format, error) {
	if o.ManifestFormat != "" {
		return manifest.ParseFormat(o.ManifestFormat)
	}
	_, key, err := storage.SplitURI(o.Manifest)
	if err != nil {
		key = o.Manifest // opening it tells more
	}
	return manifest.FormatOf(key), nil
}
