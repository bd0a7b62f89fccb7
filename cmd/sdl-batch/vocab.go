package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/sdl-batch/sdl-batch/model"
)

func newVocab() *cobra.Command {
	c := &cobra.Command{
		Use:   "vocab",
		Short: "Make and look at vocabularies",
		Long: `A vocabulary is a Parquet table of tags: an id, the tag, whether it was seen in
training, and its vector in the label space of a model.`,
		Example: `  sdl-batch vocab build --vectors glove.txt --seen seen.txt --unseen unseen.txt --output vocab.parquet
  sdl-batch vocab import --classes classes.pickle --unseen unseen_classes.pickle \
      --vectors wordvec_array.pickle --output nus.parquet
  sdl-batch vocab inspect nus.parquet`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newVocabBuild(), newVocabImport(), newVocabInspect())
	return c
}

func newVocabImport() *cobra.Command {
	var from model.PickleURIs
	var output, space string
	c := &cobra.Command{
		Use:   "import --classes F --unseen F --vectors F --output V",
		Short: "Import the reference's pickles of tags and word vectors",
		Long: `Import the pickles that come with the reference. Nothing in a pickle is run.

NUS-WIDE: a dict of ids to tags, a list of the unseen tags, and an array of vectors
[dimension, tags].

COCO: vectors in a dict, without names, and --unseen is cls_ids.pickle: its train
tags are seen, its val and test tags unseen, and the others left out and listed.
--classes is then a text of one name a line or the official instances JSON. The
n-th name gets the n-th column of the vectors, which nothing can check: names must
be in the order of the categories of the official instances JSON, from person to
toothbrush. One whose categories are in another order than their ids is refused.

Names may be texts, one a line, in place of either pickle.`,
		Example: `  sdl-batch vocab import --classes classes.pickle --unseen unseen_classes.pickle \
      --vectors wordvec_array.pickle --output nus.parquet
  sdl-batch vocab import --classes instances_val2014.json --unseen cls_ids.pickle \
      --vectors wordvec_array.pickle --output coco.parquet`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			v, leftOut, err := model.ImportVocabulary(c.Context(), from, space)
			if err != nil {
				return err
			}
			if err := model.WriteVocabulary(c.Context(), output, v); err != nil {
				return err
			}
			printWritten(c.OutOrStdout(), output, v)
			if len(leftOut) > 0 {
				fmt.Fprintf(c.OutOrStdout(), "left out  %d tags of no set: %s\n", len(leftOut), quoted(leftOut))
			}
			return nil
		},
	}
	f := c.Flags()
	f.StringVar(&from.Classes, "classes", "", "pickled dict of ids to tags, text of names, or COCO's instances JSON: a path or URI")
	f.StringVar(&from.Unseen, "unseen", "", "pickled list or text of unseen tags, or COCO's pickled index sets: a path or URI")
	f.StringVar(&from.Vectors, "vectors", "", "pickled numpy array of vectors: a path or URI")
	f.StringVar(&output, "output", "", "vocabulary Parquet to write: a path or URI")
	labelSpaceFlag(c, &space)
	required(c, "classes", "unseen", "vectors", "output")
	return c
}

func newVocabInspect() *cobra.Command {
	var tag string
	var near int
	var asJSON bool
	c := &cobra.Command{
		Use:   "inspect V",
		Short: "Show counts, norms and neighbours of tags",
		Long: `Show how many tags a vocabulary has and how long their vectors are. With --tag, show
the tags whose vectors are nearest to that tag's: those that mean alike, if the
vectors are good.`,
		Example: `  sdl-batch vocab inspect nus.parquet
  sdl-batch vocab inspect nus.parquet --tag sunset --near 5`,
		Args: exactArgs("a vocabulary"),
		RunE: func(c *cobra.Command, args []string) error {
			if near < 1 {
				return usage("--near %d: want 1 or more", near)
			}
			if c.Flags().Changed("near") && tag == "" {
				return usage("--near counts the neighbours of a tag: give --tag, too")
			}
			v, err := model.ReadVocabulary(c.Context(), args[0])
			if err != nil {
				return err
			}
			found := vocabView{ID: v.ID(), LabelSpace: v.LabelSpace, VocabularyStats: v.Stats(), Tag: tag}
			if tag != "" {
				if found.Neighbours, err = v.NearestTo(tag, near); err != nil {
					return err
				}
			}
			if asJSON {
				return printJSON(c.OutOrStdout(), found)
			}
			return found.print(c.OutOrStdout())
		},
	}
	f := c.Flags()
	f.StringVar(&tag, "tag", "", "show the tags nearest to this one, by cosine")
	f.IntVar(&near, "near", 10, "how many neighbours to show")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

type vocabView struct {
	ID         string `json:"id"`
	LabelSpace string `json:"label_space,omitempty"`
	model.VocabularyStats
	Tag        string            `json:"tag,omitempty"`
	Neighbours []model.Neighbour `json:"neighbours,omitempty"`
}

func (v vocabView) print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "id\t%s\n", v.ID)
	fmt.Fprintf(t, "label space\t%s\n", orNone(v.LabelSpace))
	fmt.Fprintf(t, "tags\t%d: %d seen, %d unseen\n", v.Tags, v.Seen, v.Unseen)
	fmt.Fprintf(t, "vectors\tdimension %d, norm %.4f to %.4f, mean %.4f\n", v.Dim, v.NormMin, v.NormMax, v.NormMean)
	for i, n := range v.Neighbours {
		label := ""
		if i == 0 {
			label = "near " + v.Tag
		}
		fmt.Fprintf(t, "%s\t%.3f  %s%s\n", label, n.Cosine, n.Tag, unseenMark(n.Seen))
	}
	return t.Flush()
}

func orNone(s string) string {
	if s == "" {
		return "none recorded"
	}
	return s
}

// unseenMark follows a tag that the model was not trained on.
func unseenMark(seen bool) string {
	if seen {
		return ""
	}
	return " (unseen)"
}
