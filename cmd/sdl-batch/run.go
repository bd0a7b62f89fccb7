package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/sdl-batch/sdl-batch/jobs/engine"
	"github.com/sdl-batch/sdl-batch/jobs/label"
	"github.com/sdl-batch/sdl-batch/model"
)

func newRun() *cobra.Command {
	var o label.Options
	var asJSON bool
	c := &cobra.Command{
		Use:   "run --manifest M --output D",
		Short: "Label every image of a manifest and commit the tables",
		Long: `Label every image of a manifest: plan, all shards and commit in one process.

The tables appear under D/{images,tags,embeddings,vocab}/run=ID/ when every row
of the manifest is accounted for, as labelled or as rejected, and not before.
Interrupted at any point, the same command goes on where it stopped. They are
Parquet or, with --format arrow, Arrow IPC files, which pyarrow and Polars read.

A manifest is text with one URI a line, csv or tsv with a header, jsonl with an
object or a string a line, or Parquet, as its name says (.txt, .csv, .tsv, .jsonl,
.ndjson, .json, .parquet) or --manifest-format. All but Parquet may be compressed
with gzip or zstd (images.csv.gz): that is told by content. Numbers, times and
other single values of jsonl and Parquet are carried as text.

Relative names in a manifest are taken from the manifest's own folder. Images of
the web, http and https, are read with --allow-http, and from public addresses
alone, also behind redirects; without it they are rejects.`,
		Example: `  sdl-batch run --manifest images.txt --output out
  sdl-batch run --manifest images.csv.gz --uri-column path --carry id,owner --output out
  sdl-batch run --manifest export --manifest-format jsonl --output out
  sdl-batch run --manifest images.txt --output out --format arrow
  sdl-batch run --manifest urls.txt --output out --allow-http=cdn.example.org,'*.example.com'
  sdl-batch run --manifest s3://lake/images.txt --output s3://lake/labels --run-id nightly-42 \
      --model s3://lake/models/current --vocab s3://lake/vocab.parquet --device cuda`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := positive(c, "top-k", "shard-rows", "batch", "threads", "decoders", "fetchers", "per-host"); err != nil {
				return err
			}
			if !c.Flags().Changed("shard-rows") {
				o.ShardRows = 0 // so that a run with others is gone on with in silence
			}
			o.Program = program()
			o.LibraryEnv = os.Getenv("SDL_ORT_LIB")
			show, done := watch(os.Stderr)
			summary, err := label.Run(c.Context(), o, bounded(show))
			done()
			if err != nil {
				return orAllowed(orPlanned(orOther(err, o.Sources)), o.Access)
			}
			printHint(c.ErrOrStderr(), hintOfWeb(summary.Rejects, o.Access))
			return printSummary(c.OutOrStdout(), summary, asJSON)
		},
	}
	f := c.Flags()
	f.StringVar(&o.Manifest, "manifest", "", "list of images: a path or URI of a text, csv, tsv, jsonl or Parquet file")
	f.StringVar(&o.Output, "output", "", "dataset folder: a path or URI; made when missing")
	f.StringVar(&o.RunID, "run-id", "", "name of the run (default: the newest unfinished run alike, else a new id)")
	f.StringVar(&o.Model, "model", "", "bundle: a path or URI (default: the one in the program)")
	f.StringVar(&o.Vocab, "vocab", "", "vocabulary Parquet: a path or URI (default: the one in the program)")
	f.BoolVar(&o.ForceVocab, "force-vocab", false, "use the vocabulary although it seems to be from another label space")
	f.StringVar(&o.ManifestFormat, "manifest-format", "", "text, csv, tsv, jsonl or parquet (default: by the manifest's name)")
	f.StringVar(&o.URIColumn, "uri-column", "", "column that holds the URIs (default: uri, url, image_uri, image_url, path, file, filename, file_name or image, the first that is there)")
	f.StringSliceVar(&o.Carry, "carry", nil, "columns to copy into the images table, as text, comma-separated")
	addAccess(c, &o.Access, "a remote manifest")
	f.Int64Var(&o.ShardRows, "shard-rows", 16384, "rows a shard, the unit of work and retry; a resumed run keeps its own")
	f.IntVar(&o.TopK, "top-k", 10, "tags kept per image and group, seen and unseen")
	f.StringVar(&o.Precision, "precision", "fp32", "arithmetic of the model: fp32")
	f.StringVar(&o.Format, "format", "parquet", "files of the tables: parquet, or arrow for Arrow IPC")
	f.Float64Var(&o.MaxRejectRate, "max-reject-rate", 0.1, "share of rows that may be rejected, 0 to 1; over it nothing is published")
	addCompute(c, &o.Compute)
	f.BoolVar(&asJSON, "json", false, "print the summary as JSON")
	complete(c, "manifest-format", "text", "csv", "tsv", "jsonl", "parquet")
	complete(c, "precision", "fp32")
	complete(c, "format", "parquet", "arrow")
	required(c, "manifest", "output")
	return c
}

// orOther tells who names a model, or a vocabulary, and leaves the other to the
// program that it takes both.
func orOther(err error, o engine.Sources) error {
	switch {
	case !errors.Is(err, model.ErrMismatch) || o.Model != "" && o.Vocab != "":
		return err
	case o.Model != "":
		return hinted{err, "the vocabulary in the program is for the model in the program: name yours with --vocab"}
	case o.Vocab != "":
		return hinted{err, "the model in the program is for the vocabulary in the program: name yours with --model"}
	}
	return err
}

// orPlanned tells how a run that was begun with something else is gone on with;
// its model may be one whose pointer was moved meanwhile.
func orPlanned(err error) error {
	var other *label.OtherRunError
	switch {
	case !errors.As(err, &other):
		return err
	case other.ModelURI != "":
		return hinted{err, fmt.Sprintf("the run was begun with the model in %s: go on with --model and that, or label again under a new --run-id", other.ModelURI)}
	}
	return hinted{err, "give what the run was begun with, or label again under a new --run-id"}
}
