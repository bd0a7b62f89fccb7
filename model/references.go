package model

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/sdl-batch/sdl-batch/model/tensor"
	"github.com/sdl-batch/sdl-batch/model/torchfile"
	"github.com/sdl-batch/sdl-batch/storage"
)

const (
	maxNamesBytes   = 64 << 20 // of a pickle of names
	maxVectorsBytes = 2 << 30  // of a pickle of vectors
)

// PickleURIs names the three pickles of a reference vocabulary.
type PickleURIs struct{ Classes, Unseen, Vectors string }

// ImportVocabulary is ImportPickles on objects of a store.
func ImportVocabulary(ctx context.Context, from PickleURIs, labelSpace string) (*Vocabulary, error) {
	classes, err := readObject(ctx, from.Classes, maxNamesBytes)
	if err != nil {
		return nil, fmt.Errorf("read classes: %w", err)
	}
	unseen, err := readObject(ctx, from.Unseen, maxNamesBytes)
	if err != nil {
		return nil, fmt.Errorf("read unseen classes: %w", err)
	}
	vectors, err := readObject(ctx, from.Vectors, maxVectorsBytes)
	if err != nil {
		return nil, fmt.Errorf("read vectors: %w", err)
	}
	return ImportPickles(bytes.NewReader(classes), bytes.NewReader(unseen), bytes.NewReader(vectors), labelSpace)
}

// ImportPickles makes a vocabulary of the reference's pickles: a dict of ids 0
// to C-1 to tags, a list of the tags that are unseen, and an array of floats
// [D,C], one column a tag, in C or Fortran order. What does not fit is
// ErrInvalid.
func ImportPickles(classes, unseen, vectors io.Reader, labelSpace string) (*Vocabulary, error) {
	names, err := torchfile.ReadIntStringDict(classes, maxNamesBytes)
	if err != nil {
		return nil, fmt.Errorf("%w classes: %w", ErrInvalid, err)
	}
	hidden, err := torchfile.ReadStringList(unseen, maxNamesBytes)
	if err != nil {
		return nil, fmt.Errorf("%w unseen classes: %w", ErrInvalid, err)
	}
	array, err := torchfile.ReadNumpyArray(vectors, maxVectorsBytes)
	if err != nil {
		return nil, fmt.Errorf("%w vectors: %w", ErrInvalid, err)
	}
	return assemble(names, hidden, array, labelSpace)
}

func assemble(names map[int]string, unseen []string, vectors tensor.Tensor, labelSpace string) (*Vocabulary, error) {
	tags, err := tagsInOrder(names)
	if err != nil {
		return nil, err
	}
	seen, err := seenMarks(tags, unseen)
	if err != nil {
		return nil, err
	}
	rows, dim, err := columns(vectors, len(tags))
	if err != nil {
		return nil, err
	}
	v := &Vocabulary{Tags: tags, Seen: seen, Dim: dim, Vectors: rows, LabelSpace: labelSpace}
	return v, v.Validate()
}

// tagsInOrder lists the tags by id, which must run from 0 without a gap.
func tagsInOrder(names map[int]string) ([]string, error) {
	tags := make([]string, len(names))
	for id := range tags {
		tag, ok := names[id]
		if !ok {
			return nil, fmt.Errorf("%w classes: there are %d and none has id %d", ErrInvalid, len(names), id)
		}
		tags[id] = tag
	}
	return tags, nil
}

// seenMarks marks all tags but the unseen ones.
func seenMarks(tags, unseen []string) ([]bool, error) {
	hidden := make(map[string]bool, len(unseen))
	for _, tag := range unseen {
		hidden[tag] = true
	}
	seen := make([]bool, len(tags))
	known := make(map[string]bool, len(tags))
	for id, tag := range tags {
		seen[id], known[tag] = !hidden[tag], true
	}
	var missing []string
	for _, tag := range unseen {
		if !known[tag] {
			missing = append(missing, fmt.Sprintf("%q", tag))
		}
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("%w unseen classes: not among the %d classes: %s", ErrInvalid, len(tags), abbreviate(missing, maxProblems))
	}
	return seen, nil
}

// columns turns an array [D,C] into C rows of D values.
func columns(array tensor.Tensor, c int) (rows []float32, dim int, err error) {
	if len(array.Shape) != 2 || array.Shape[1] != c || array.Shape[0] < 1 {
		return nil, 0, fmt.Errorf("%w vectors: an array of shape %v for %d classes, want [dimension %d]", ErrInvalid, array.Shape, c, c)
	}
	dim = array.Shape[0]
	rows = make([]float32, len(array.Values))
	for d := range dim {
		for id := range c {
			rows[id*dim+d] = array.Values[d*c+id]
		}
	}
	return rows, dim, nil
}

// readObject reads one object by its URI.
func readObject(ctx context.Context, uri string, maxBytes int64) ([]byte, error) {
	parent, name, err := storage.SplitURI(uri)
	if err != nil {
		return nil, err
	}
	bucket, err := folder{uri: parent}.open(ctx)
	if err != nil {
		return nil, err
	}
	defer bucket.Close()
	data, _, err := bucket.ReadAll(ctx, name, maxBytes)
	return data, err
}
