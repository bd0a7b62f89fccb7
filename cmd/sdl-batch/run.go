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
Interrupted at any point, the same command goes on where it stopped.

Relative names in a manifest are taken from the manifest's own folder.`,
		Example: `  sdl-batch run --manifest images.txt --output out
  sdl-batch run --manifest images.csv --uri-column path --carry id,owner --output out
  sdl-batch run --manifest s3://lake/images.txt --output s3://lake/labels --run-id nightly-42 \
      --model s3://lake/models/current --vocab s3://lake/vocab.parquet --device cuda`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := positive(c, "top-k", "shard-rows", "batch", "threads", "decoders", "fetchers"); err != nil {
				return err
			}
			o.Program = program()
			o.LibraryEnv = os.Getenv("SDL_ORT_LIB")
			show, done := watch(os.Stderr)
			summary, err := label.Run(c.Context(), o, show)
			done()
			if err != nil {
				return orPlanned(orOther(err, o.Sources))
			}
			return printSummary(c.OutOrStdout(), summary, asJSON)
		},
	}
	f := c.Flags()
	f.StringVar(&o.Manifest, "manifest", "", "list of images: a path or URI of a text, csv or tsv file")
	f.StringVar(&o.Output, "output", "", "dataset folder: a path or URI; made when missing")
	f.StringVar(&o.RunID, "run-id", "", "name of the run (default: the newest unfinished run alike, else a new id)")
	f.StringVar(&o.Model, "model", "", "bundle: a path or URI (default: the one in the program)")
	f.StringVar(&o.Vocab, "vocab", "", "vocabulary Parquet: a path or URI (default: the one in the program)")
	f.BoolVar(&o.ForceVocab, "force-vocab", false, "use the vocabulary although it seems to be from another label space")
	f.StringVar(&o.ManifestFormat, "manifest-format", "", "text, csv or tsv (default: by the manifest's name)")
	f.StringVar(&o.URIColumn, "uri-column", "", "csv column that holds the URIs (default: uri, url, path, file, filename or image)")
	f.StringSliceVar(&o.Carry, "carry", nil, "csv columns to copy into the images table, comma-separated")
	f.StringSliceVar(&o.AllowRoots, "allow-root", nil, "local folders that a remote manifest may name (default: none)")
	f.Int64Var(&o.ShardRows, "shard-rows", 16384, "rows a shard, the unit of work and retry; a resumed run keeps its own")
	f.IntVar(&o.TopK, "top-k", 10, "tags kept per image and group, seen and unseen")
	f.StringVar(&o.Precision, "precision", "fp32", "arithmetic of the model: fp32")
	f.Float64Var(&o.MaxRejectRate, "max-reject-rate", 0.1, "share of rows that may be rejected, 0 to 1; over it nothing is published")
	addCompute(c, &o.Compute)
	f.BoolVar(&asJSON, "json", false, "print the summary as JSON")
	complete(c, "manifest-format", "text", "csv", "tsv")
	complete(c, "precision", "fp32")
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

// orPlanned tells which model goes on with a run that was begun with another, as
// is one whose pointer was moved meanwhile.
func orPlanned(err error) error {
	var other *label.OtherRunError
	if errors.As(err, &other) && other.ModelURI != "" {
		return hinted{err, fmt.Sprintf("the run was begun with the model in %s: go on with --model and that, or label again under a new --run-id", other.ModelURI)}
	}
	return err
}
