package model

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/sdl-batch/sdl-batch/model/tensor"
	"github.com/sdl-batch/sdl-batch/model/torchfile"
	"github.com/sdl-batch/sdl-batch/model/torchfile/pickle"
	"github.com/sdl-batch/sdl-batch/storage/plain"
)

const (
	maxNamesBytes   = 64 << 20 // of a pickle or list of names
	maxVectorsBytes = 2 << 30  // of a pickle of vectors
)

// PickleURIs names the files of a reference vocabulary.
type PickleURIs struct{ Classes, Unseen, Vectors string }

// ImportVocabulary is ImportPickles on objects of a store, plain or compressed.
func ImportVocabulary(ctx context.Context, from PickleURIs, labelSpace string) (v *Vocabulary, leftOut []string, err error) {
	var files [3]*plain.File
	for i, f := range []struct{ what, uri string }{{"classes", from.Classes}, {"unseen classes", from.Unseen}, {"vectors", from.Vectors}} {
		if files[i], err = plain.Open(ctx, f.uri); err != nil {
			return nil, nil, fmt.Errorf("read %s: %w", f.what, inFile(f.uri, err))
		}
		defer files[i].Close()
	}
	return ImportPickles(files[0], files[1], files[2], labelSpace)
}

// ImportPickles makes a vocabulary of the reference's files.
//
// classes has the tags by the columns of their vectors: a pickled dict of ids 0
// to C-1 to tags, a text of a tag a line, or COCO's instances JSON, whose
// categories must be in the order of their ids, which is that of the columns.
// unseen has the tags that are unseen: a pickled list or a text, all others being
// seen; or COCO's pickled index sets {"train", "val", "test"}, whose train tags
// are seen and whose others are unseen. Tags of no set are left out, and
// returned. vectors is a pickled array of floats [D,C] or [1,D,C], in C or
// Fortran order, or a dict that holds one.
//
// What does not fit is ErrInvalid.
func ImportPickles(classes, unseen, vectors io.Reader, labelSpace string) (v *Vocabulary, leftOut []string, err error) {
	tags, err := readClasses(classes)
	if err != nil {
		return nil, nil, fmt.Errorf("%w classes: %w", ErrInvalid, err)
	}
	split, err := readSplit(unseen, tags)
	if err != nil {
		return nil, nil, fmt.Errorf("%w unseen classes: %w", ErrInvalid, err)
	}
	array, err := readColumns(vectors, len(tags))
	if err != nil {
		return nil, nil, fmt.Errorf("%w vectors: %w", ErrInvalid, err)
	}
	v = &Vocabulary{Dim: array.Shape[0], LabelSpace: labelSpace}
	for id, tag := range tags {
		if split[id] == inNoSet {
			leftOut = append(leftOut, tag)
			continue
		}
		v.Tags, v.Seen = append(v.Tags, tag), append(v.Seen, split[id] == inSeen)
		for d := range v.Dim {
			v.Vectors = append(v.Vectors, array.Values[d*len(tags)+id])
		}
	}
	return v, leftOut, v.Validate()
}

// readColumns reads an array [D,C]; c is C.
func readColumns(r io.Reader, c int) (tensor.Tensor, error) {
	value, err := torchfile.ReadPickle(r, torchfile.LimitsFor(maxVectorsBytes))
	if err != nil {
		return tensor.Tensor{}, err
	}
	stored, err := arrayIn(value)
	if err != nil {
		return tensor.Tensor{}, err
	}
	array, err := stored.Array()
	if err != nil {
		return tensor.Tensor{}, err
	}
	shape := array.Shape
	if len(shape) == 3 && shape[0] == 1 {
		shape = shape[1:]
	}
	if len(shape) != 2 || shape[1] != c || shape[0] < 1 {
		return tensor.Tensor{}, fmt.Errorf("an array of shape %v for %d classes, want [dimension %d]", array.Shape, c, c)
	}
	return tensor.Tensor{Shape: shape, Values: array.Values}, nil
}

// arrayIn finds the one array of a pickle.
func arrayIn(value pickle.Value) (*torchfile.NDArray, error) {
	var found *torchfile.NDArray
	switch v := value.(type) {
	case *torchfile.NDArray:
		return v, nil
	case *pickle.Dict:
		for _, item := range v.All() {
			a, ok := item.(*torchfile.NDArray)
			if ok && found != nil {
				return nil, errors.New("a dict of several ndarrays")
			}
			if ok {
				found = a
			}
		}
	}
	if found == nil {
		return nil, fmt.Errorf("the pickle holds a %s, no ndarray", pickle.Kind(value))
	}
	return found, nil
}
