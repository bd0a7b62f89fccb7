package openimages

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// ErrUnordered: the images do not come in the order of their ids. Read again
// with Options.Remember.
var ErrUnordered = errors.New("the rows are not in the order of the image ids")

// Options of reading.
type Options struct {
	// Remember takes images in any order, as long as the rows of each are
	// together, and keeps 8 bytes of every image to tell. Without it images are
	// wanted in the order of their ids, as in the published files.
	Remember bool
}

// Image is what a file says of one image.
type Image struct {
	ID        string
	Positives []string // ids of classes that are in the image, sorted, each once
	Negatives []string // of those that are not
}

// Counts tells what a file holds.
type Counts struct {
	Rows      int64 // labels
	Uncertain int64 // of them, with a confidence between 0 and 1: left out
	Conflicts int64 // classes that an image has and has not; taken as positive
}

// columns are the names of the columns that count.
var columns = []string{"ImageID", "LabelName", "Confidence"}

// maxLabels bounds the labels of one image.
const maxLabels = 1_000_000

// Read calls each with every image of a file of labels; the image is valid during
// the call only. It holds the rows of one image. A file that is none is
// ErrInvalid, and so is one whose rows of an image are not together.
func Read(f File, o Options, each func(Image) error) (Counts, error) {
	r := &reader{in: newTable(f), each: each}
	if o.Remember {
		r.known = newMemory()
	}
	err := r.header()
	for err == nil {
		err = r.row()
	}
	if err == io.EOF {
		err = r.flush()
	}
	return r.counts, err
}

// reader reads one file.
type reader struct {
	in     *table
	at     []int // columns -> fields
	each   func(Image) error
	known  *memory // nil: images come in order
	counts Counts

	image Image // whose rows are being read; no ID before the first
}

func (r *reader) header() error {
	row, err := r.in.next()
	if err == io.EOF {
		return fmt.Errorf("%w: %s is empty", ErrInvalid, r.in.name)
	}
	if err != nil {
		return err
	}
	for _, name := range columns {
		at := slices.Index(row, name)
		if at < 0 {
			return r.in.invalid("no column %q; the header is %.200q", name, strings.Join(row, ","))
		}
		r.at = append(r.at, at)
	}
	return nil
}

// row takes the next label.
func (r *reader) row() error {
	row, err := r.in.next()
	if err != nil {
		return err
	}
	if len(row) <= slices.Max(r.at) {
		return r.in.invalid("%d fields", len(row))
	}
	id, class, confidence := row[r.at[0]], row[r.at[1]], row[r.at[2]]
	if id == "" || class == "" || !utf8.ValidString(id) || strings.ContainsAny(id, "\x00/\r\n") {
		return r.in.invalid("image %q, class %q: no such ids", id, class)
	}
	r.counts.Rows++
	if id != r.image.ID {
		if err := r.begin(id); err != nil {
			return err
		}
	}
	return r.label(strings.Clone(class), confidence)
}

// begin goes on to the next image.
func (r *reader) begin(id string) error {
	if err := r.flush(); err != nil {
		return err
	}
	switch {
	case r.known == nil && id < r.image.ID:
		return fmt.Errorf("%w: %s, line %d", ErrUnordered, r.in.name, r.in.line())
	case r.known != nil && !r.known.add(id):
		return r.in.invalid("rows of image %s came before, apart from these; sort the file by image", id)
	}
	r.image = Image{ID: strings.Clone(id), Positives: r.image.Positives[:0], Negatives: r.image.Negatives[:0]}
	return nil
}

// label notes what a row says of a class.
func (r *reader) label(class, confidence string) error {
	value, err := strconv.ParseFloat(confidence, 64)
	switch {
	case err != nil || !(value >= 0 && value <= 1):
		return r.in.invalid("confidence %.40q, want 0 to 1", confidence)
	case len(r.image.Positives)+len(r.image.Negatives) == maxLabels:
		return r.in.invalid("more than %d labels of image %s", maxLabels, r.image.ID)
	case value == 1:
		r.image.Positives = append(r.image.Positives, class)
	case value == 0:
		r.image.Negatives = append(r.image.Negatives, class)
	default:
		r.counts.Uncertain++
	}
	return nil
}

// flush hands the image on whose rows were read.
func (r *reader) flush() error {
	if r.image.ID == "" {
		return nil
	}
	i := &r.image
	i.Positives, i.Negatives = unique(i.Positives), unique(i.Negatives)
	told := len(i.Negatives)
	i.Negatives = slices.DeleteFunc(i.Negatives, func(class string) bool {
		_, positive := slices.BinarySearch(i.Positives, class)
		return positive
	})
	r.counts.Conflicts += int64(told - len(i.Negatives))
	return r.each(*i)
}

func unique(classes []string) []string {
	slices.Sort(classes)
	return slices.Compact(classes)
}
