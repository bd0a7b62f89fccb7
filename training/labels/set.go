package labels

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/sdl-batch/sdl-batch/model"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/columnar"
)

// Names of the parts that SplitBy makes.
const (
	Train      = "train"
	Validation = "validation"
	Test       = "test"
)

// All is the part of every row, where Options names no other.
const All = "all"

// Row is one image with the tags that the vocabulary has.
type Row struct {
	Number    int64   // of the row in its file, from 0
	URI       string  // as the file has it
	Positives []int32 // ids of tags that are true of the image, ascending
	Negatives []int32 // ids of tags known not to be, ascending; none where all but the positives are
	// Partial is true where a tag in neither list is unknown, not negative.
	Partial bool
	Split   string // as the file has it, "" for none
}

// Options of reading a set. The zero value is the default.
type Options struct {
	// ScratchDir is the folder of the scratch files; "" is the system's. They
	// take about as much room as the rows in plain text, and have no name.
	ScratchDir string
	// Part names the part of the set that a row belongs to, "" to leave it out.
	// The row is valid during the call only. nil puts all rows into All.
	Part func(*Row) string
}

// Set is a set of labelled images, in parts. It is read-only and safe for
// concurrent use.
type Set struct {
	parts  map[string]*Part
	counts Counts
	digest string
	rows   *scratch
}

// Read reads the table at uri, in one pass, and finds its tags in the
// vocabulary by name. Tags that are not there and rows that name no image are
// counted, not errors. A file that is no such table is columnar.ErrCorrupt.
// Close the set.
func Read(ctx context.Context, uri string, vocab *model.Vocabulary, o Options) (*Set, error) {
	set, err := read(ctx, uri, vocab, o)
	if err != nil {
		return nil, fmt.Errorf("labels %s: %w", storage.Redact(uri), err)
	}
	return set, nil
}

func read(ctx context.Context, uri string, vocab *model.Vocabulary, o Options) (*Set, error) {
	folder, key, err := storage.SplitURI(uri)
	if err != nil {
		return nil, err
	}
	bucket, err := storage.Open(ctx, folder)
	if err != nil {
		return nil, err
	}
	defer bucket.Close()
	object, err := bucket.OpenAt(ctx, key)
	if err != nil {
		return nil, err
	}
	defer object.Close()
	file, err := columnar.Open(object, object.Size())
	if err != nil {
		return nil, err
	}
	b, err := newBuilder(vocab, o)
	if err != nil {
		return nil, err
	}
	if err := file.Labels(ctx, b.add); err != nil {
		return nil, errors.Join(err, b.close())
	}
	return b.finish()
}

// Part returns a part of the set; one that no row belongs to is empty.
func (s *Set) Part(name string) *Part {
	if p := s.parts[name]; p != nil {
		return p
	}
	return &Part{rows: s.rows}
}

// Parts returns the names of the parts that have rows, sorted.
func (s *Set) Parts() []string { return slices.Sorted(maps.Keys(s.parts)) }

// Counts tells what was read.
func (s *Set) Counts() Counts { return s.counts }

// Digest is "sha256:…" over all rows in order, left-out ones too: image, tags
// by name, what is known, split. It depends neither on how the file is laid out
// nor on the vocabulary.
func (s *Set) Digest() string { return s.digest }

// Close frees the scratch files. Rows cannot be read afterwards.
func (s *Set) Close() error {
	errs := []error{s.rows.close()}
	for _, p := range s.parts {
		errs = append(errs, p.index.close())
	}
	return errors.Join(errs...)
}
