package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/sdl-batch/sdl-batch/model"
)

func newVocabBuild() *cobra.Command {
	var from model.TextURIs
	var o model.VocabularyOptions
	var output string
	var normalise bool
	c := &cobra.Command{
		Use:   "build --vectors F --seen F --unseen F --output V",
		Short: "Build a vocabulary of lists of tags and of text vectors",
		Long: `Build a vocabulary of lists of tags, one a line, and of word vectors as text: GloVe
files, word2vec and fastText .vec files, or the text embeddings of another encoder
written in one of these ways, a tag and its values a line. Files may be gzip or
zstd and lie in any store; vectors are streamed, whatever their size.

A tag is looked up as it stands, then with its words joined by _, - or a space,
then all of that in lower case; which spelling was taken is printed. A tag that is
listed twice, or has no vector, is an error that lists all such tags. With
--oov mean a phrase without a vector gets the mean of its words' vectors, with
--oov skip such tags are left out and listed.

Of a word with several vectors the first counts. Words that are no UTF-8 are
passed over and counted. A model scores by dot product and was trained with
vectors of length 1, as the reference's are: hence --normalise.

The label space of the vectors must be the one that the model was trained in. Tags
are numbered alphabetically, so that the same tags make the same vocabulary.`,
		Example: `  sdl-batch vocab build --vectors glove.6B.300d.txt --seen seen.txt --unseen unseen.txt --output vocab.parquet
  sdl-batch vocab build --vectors s3://lake/wiki.en.vec.gz --seen seen.txt --unseen unseen.txt --oov mean \
      --label-space wiki.en --output vocab.parquet
  sdl-batch vocab build --vectors clip-tags.txt --unseen tags.txt --output clip.parquet`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if from.Seen == "" && from.Unseen == "" {
				return usage("%s needs --seen or --unseen", c.CommandPath())
			}
			o.KeepLength = !normalise
			v, report, err := model.BuildVocabulary(c.Context(), from, o)
			if err != nil {
				return err
			}
			if err := model.WriteVocabulary(c.Context(), output, v); err != nil {
				return err
			}
			return printBuilt(c.OutOrStdout(), output, v, report)
		},
	}
	f := c.Flags()
	f.StringVar(&from.Vectors, "vectors", "", "text vectors: a path or URI")
	f.StringVar(&from.Seen, "seen", "", "tags that the model was trained on, one a line: a path or URI")
	f.StringVar(&from.Unseen, "unseen", "", "other tags, one a line: a path or URI")
	f.StringVar(&output, "output", "", "vocabulary Parquet to write: a path or URI")
	f.StringVar(&o.OOV, "oov", model.OOVError, "tags without a vector: error, mean (of a phrase's words) or skip")
	f.BoolVar(&normalise, "normalise", true, "bring every vector to length 1")
	labelSpaceFlag(c, &o.LabelSpace)
	complete(c, "oov", model.OOVError, model.OOVMean, model.OOVSkip)
	required(c, "vectors", "output")
	return c
}

func printBuilt(w io.Writer, output string, v *model.Vocabulary, r model.VocabularyReport) error {
	printWritten(w, output, v)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "vectors\t%d words%s\n", r.Words, passedOver(r))
	if len(r.Spelled) > 0 {
		fmt.Fprintf(t, "spelled\t%d tags otherwise: %s\n", len(r.Spelled), spellings(r.Spelled))
	}
	if len(r.Shared) > 0 {
		fmt.Fprintf(t, "shared\t%d tags have the vector of another: %s\n", len(r.Shared), spellings(r.Shared))
	}
	if len(r.Averaged) > 0 {
		fmt.Fprintf(t, "averaged\t%d tags over their words: %s\n", len(r.Averaged), quoted(r.Averaged))
	}
	if len(r.Skipped) > 0 {
		fmt.Fprintf(t, "left out\t%d tags without a vector: %s\n", len(r.Skipped), quoted(r.Skipped))
	}
	return t.Flush()
}

// passedOver are the lines that were no use.
func passedOver(r model.VocabularyReport) string {
	text := ""
	if r.Repeated > 0 {
		text += fmt.Sprintf("; %d more vectors of words that had one", r.Repeated)
	}
	if r.Unreadable > 0 {
		text += fmt.Sprintf("; %d words were no UTF-8", r.Unreadable)
	}
	return text
}

// printWritten says what a vocabulary that was written holds.
func printWritten(w io.Writer, output string, v *model.Vocabulary) {
	s := v.Stats()
	fmt.Fprintf(w, "%s: %d tags, %d seen and %d unseen, of dimension %d\n", output, s.Tags, s.Seen, s.Unseen, s.Dim)
}

func quoted(tags []string) string {
	list := make([]string, len(tags))
	for i, tag := range tags {
		list[i] = fmt.Sprintf("%q", tag)
	}
	return strings.Join(list, ", ")
}

func spellings(pairs [][2]string) string {
	list := make([]string, len(pairs))
	for i, p := range pairs {
		list[i] = fmt.Sprintf("%q as %q", p[0], p[1])
	}
	return strings.Join(list, ", ")
}

func labelSpaceFlag(c *cobra.Command, space *string) {
	c.Flags().StringVar(space, "label-space", "", "name of the space that the vectors come from, to tell vocabularies apart (default: none)")
}
