package model

import (
	"context"
	"fmt"
	"slices"

	"github.com/sdl-batch/sdl-batch/storage"
)

// TextURIs names what a vocabulary is built of: a file of text vectors, and
// lists of tags, of which one may be "".
type TextURIs struct{ Vectors, Seen, Unseen string }

// What becomes of tags that the file of vectors does not have.
const (
	OOVError = "error"
	OOVMean  = "mean" // a phrase gets the mean of its words' vectors; without all of these it is an error
	OOVSkip  = "skip" // they are left out
)

// VocabularyOptions says how a vocabulary is built. Zero values mean the default.
type VocabularyOptions struct {
	OOV        string // OOVError
	KeepLength bool   // of vectors, which else are brought to length 1
	LabelSpace string
}

// VocabularyReport tells how the tags of a vocabulary got their vectors. Lists
// are in the order of the tags.
type VocabularyReport struct {
	Words      int64       // in the file
	Unreadable int64       // words that are no UTF-8 and were passed over
	Repeated   int64       // further vectors of words that were taken
	Spelled    [][2]string // tags, and what they are called in the file
	Shared     [][2]string // tags, and the tag before them that has the same vector, being another spelling
	Averaged   []string    // tags of OOVMean
	Skipped    []string    // tags of OOVSkip
}

// BuildVocabulary makes a vocabulary of lists of tags, one a line, and of a file
// of text vectors (see package wordvectors), which is streamed; any of them may
// be gzip or zstd. A tag is looked up as it is and then in the spellings of
// wordvectors.Spellings. Tags are numbered in the order of their bytes, so that
// the same tags and vectors make the same vocabulary.
//
// Tags that are listed twice are ErrDuplicateTag, tags without a vector
// ErrNoVector; both list all of them.
func BuildVocabulary(ctx context.Context, from TextURIs, o VocabularyOptions) (*Vocabulary, VocabularyReport, error) {
	if o.OOV == "" {
		o.OOV = OOVError
	}
	if !slices.Contains([]string{OOVError, OOVMean, OOVSkip}, o.OOV) {
		return nil, VocabularyReport{}, fmt.Errorf("%w: out-of-vocabulary tags %q, want %s, %s or %s", ErrInvalid, o.OOV, OOVError, OOVMean, OOVSkip)
	}
	seen, unseen, err := readTagLists(ctx, from)
	if err != nil {
		return nil, VocabularyReport{}, err
	}
	b := newBuilder(seen, unseen, o)
	if b.found, err = findVectors(ctx, from.Vectors, b.wanted()); err != nil {
		return nil, VocabularyReport{}, err
	}
	return b.build(storage.Redact(from.Vectors))
}

func readTagLists(ctx context.Context, from TextURIs) (seen, unseen []listedTag, err error) {
	if from.Seen == "" && from.Unseen == "" {
		return nil, nil, fmt.Errorf("%w: neither seen nor unseen tags are given", ErrInvalid)
	}
	if from.Seen != "" {
		if seen, err = readTagList(ctx, from.Seen); err != nil {
			return nil, nil, err
		}
	}
	if from.Unseen != "" {
		if unseen, err = readTagList(ctx, from.Unseen); err != nil {
			return nil, nil, err
		}
	}
	return seen, unseen, checkDuplicates(slices.Concat(seen, unseen))
}
