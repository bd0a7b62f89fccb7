package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/sdl-batch/sdl-batch/jobs/engine"
	"github.com/sdl-batch/sdl-batch/jobs/labelimport"
)

func newLabels() *cobra.Command {
	c := &cobra.Command{
		Use:   "labels",
		Short: "Make labelled images",
		Long:  "Labels say which tags are true of an image: what train, eval and promote read.",
		Example: `  sdl-batch labels import coco --instances instances_val2017.json --images s3://coco/val2017/ \
      --vocab coco.parquet --output val.parquet`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newLabelsImport())
	return c
}

func newLabelsImport() *cobra.Command {
	c := &cobra.Command{
		Use:   "import coco|nuswide|openimages",
		Short: "Import the label files of known sets",
		Long: `Import the label files of COCO, NUS-WIDE or Open Images, plain or as gzip or zstd, from
any store, as labelled Parquet. Tags are joined with a vocabulary by name, and what
could not be joined is listed.`,
		Example: `  sdl-batch labels import coco --instances instances_train2017.json --output train.parquet
  sdl-batch labels import nuswide --help`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newImportCOCO(), newImportNUSWide(), newImportOpenImages())
	return c
}

const joinHelp = `

--vocab leaves tags out that the vocabulary does not have. Where the vocabulary has
tags that the set does not judge, each row lists its negatives, and those tags stay
unknown instead of counting as negative. --images puts a folder in front of the
names; without it they are relative to the folder of L. Leave --split out for images
to train on: train then holds a share of them out to validate.`

func newImportCOCO() *cobra.Command {
	var o labelimport.COCO
	c := &cobra.Command{
		Use:   "coco --instances F --output L",
		Short: "Import COCO's instances JSON, or a file in its form",
		Long: `Import an instances file of COCO: an image has the categories of its annotations, by
name, and no other category. Images without annotations come without tags. A crowd of
people says that people are there, unless --skip-crowds is given. The file is read as
a stream; names and categories of its images are held in memory.` + joinHelp,
		Example: `  sdl-batch labels import coco --instances instances_train2017.json --images s3://coco/train2017/ \
      --vocab coco.parquet --output train.parquet
  sdl-batch labels import coco --instances instances_val2017.json.gz --images /data/coco/val2017 \
      --split test --output test.parquet --unjoined unjoined.csv`,
		Args: noArgs,
	}
	f := c.Flags()
	f.StringVar(&o.Instances, "instances", "", "instances JSON: a path or URI")
	f.BoolVar(&o.SkipCrowds, "skip-crowds", false, "leave annotations of crowds out")
	runImport(c, &o.Options, func(show engine.Handler) (*labelimport.Imported, error) { return o.Run(c.Context(), show) })
	required(c, "instances", "output")
	return c
}

func newImportNUSWide() *cobra.Command {
	var o labelimport.NUSWide
	c := &cobra.Command{
		Use:   "nuswide --list F --output L",
		Short: "Import NUS-WIDE's image list, concepts and tags",
		Long: `Import the text files of NUS-WIDE, in which row N tells of image N of the list. An image
has the concepts that people judged to be true, and the tags that it was uploaded
with; of a tag that is a concept, too, only the judgement counts. With all files these
are the 81 unseen and 925 seen tags of the published experiments. Names of images get
slashes for backslashes. Images of --train-list get no split, those of --test-list
"test", and those in neither list are left out and listed.` + joinHelp,
		Example: `  sdl-batch labels import nuswide --list ImageList/Imagelist.txt --images /data/nus/Flickr \
      --concepts Concepts81.txt --concept-labels Groundtruth/AllLabels \
      --tags NUS_WID_Tags/TagList1k.txt --tag-matrix NUS_WID_Tags/AllTags1k.txt \
      --train-list ImageList/TrainImagelist.txt --test-list ImageList/TestImagelist.txt \
      --vocab nus.parquet --output nus-labels.parquet
  sdl-batch labels import nuswide --list ImageList/TestImagelist.txt --split test --concepts Concepts81.txt \
      --concept-labels 'Groundtruth/TrainTestLabels/Labels_*_Test.txt' --output test.parquet`,
		Args: noArgs,
	}
	f := c.Flags()
	f.StringVar(&o.List, "list", "", "names of the images, one a line: a path or URI")
	f.StringVar(&o.Concepts, "concepts", "", "names of the concepts, one a line: a path or URI")
	f.StringVar(&o.Labels, "concept-labels", "", "labels of the concepts: a path or URI with * for the concept, or the folder of Labels_*.txt")
	f.StringVar(&o.Tags, "tags", "", "names of the tags, one a line: a path or URI")
	f.StringVar(&o.Matrix, "tag-matrix", "", "a row of 0 and 1 for each image, a column for each tag: a path or URI")
	f.StringVar(&o.TrainList, "train-list", "", "names of the images to train on, one a line: a path or URI")
	f.StringVar(&o.TestList, "test-list", "", "names of the images to test on, one a line: a path or URI")
	runImport(c, &o.Options, func(show engine.Handler) (*labelimport.Imported, error) { return o.Run(c.Context(), show) })
	required(c, "list", "output")
	return c
}

func newImportOpenImages() *cobra.Command {
	var o labelimport.OpenImages
	c := &cobra.Command{
		Use:   "openimages --labels F --classes F --output L",
		Short: "Import Open Images' image-level labels",
		Long: `Import image-level labels of Open Images (ImageID,Source,LabelName,Confidence) and the
names of their classes (LabelName,DisplayName, with or without the header).
Confidence 1 makes a positive, 0 a negative; what lies between, as machines give it,
is left out, and every tag that an image has no label of is unknown. An image is
called by its id and .jpg. Rows of an image must be together. In the order of the
ids, as the files are published, they are read in constant memory; in another
order the file is read twice and 8 bytes of each image are kept.

Names of classes are written like Tree and Human face: --ignore-case finds them in a
vocabulary in lower case.` + joinHelp,
		Example: `  sdl-batch labels import openimages --labels oidv7-val-annotations-human-imagelabels.csv \
      --classes oidv7-class-descriptions.csv --images s3://open-images-dataset/validation/ \
      --split val --output validation.parquet`,
		Args: noArgs,
	}
	f := c.Flags()
	f.StringVar(&o.Labels, "labels", "", "csv of labels: a path or URI")
	f.StringVar(&o.Classes, "classes", "", "csv of class names: a path or URI")
	runImport(c, &o.Options, func(show engine.Handler) (*labelimport.Imported, error) { return o.Run(c.Context(), show) })
	required(c, "labels", "classes", "output")
	return c
}

// runImport gives a command the flags that all imports have, and its work.
func runImport(c *cobra.Command, o *labelimport.Options, work func(engine.Handler) (*labelimport.Imported, error)) {
	var asJSON bool
	f := c.Flags()
	f.StringVar(&o.Output, "output", "", "labelled Parquet to write: a path or URI")
	f.StringVar(&o.Images, "images", "", "folder that the names of images are below: a path or URI (default: names stay relative)")
	f.StringVar(&o.Split, "split", "", "split of every image, as train, val or test (default: none)")
	f.StringVar(&o.Vocab, "vocab", "", "keep the tags of this vocabulary only: a path or URI (default: all tags)")
	f.BoolVar(&o.IgnoreCase, "ignore-case", false, "find tags in the vocabulary in upper or lower case")
	f.StringVar(&o.Unjoined, "unjoined", "", "write all names that could not be joined, as csv, to this path or URI")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if o.IgnoreCase && o.Vocab == "" {
			return usage("--ignore-case looks into a vocabulary: give --vocab, too")
		}
		o.Program = program()
		show, done := watchCounts(os.Stderr, importWords)
		found, err := work(show)
		done()
		if err != nil {
			return err
		}
		if asJSON {
			return printJSON(c.OutOrStdout(), found)
		}
		return printImported(c.OutOrStdout(), found, o.Unjoined)
	}
}

// importWords says how far an import is.
func importWords(e engine.Event) string {
	p, _ := e.(labelimport.Progress)
	if p.Images == 0 {
		return fmt.Sprintf("%d labels read", p.Labels)
	}
	return fmt.Sprintf("%d images written", p.Images)
}
