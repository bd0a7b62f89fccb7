package nuswide

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Concept is one concept with the judgements of all images.
type Concept struct {
	Name   string
	Labels File
}

// Set names the files of a set. Concepts or Tags or both are there.
type Set struct {
	Images   File
	Concepts []Concept
	Tags     []string // names of the columns of Matrix; those of concepts are left out
	Matrix   File     // without a Reader: there are no tags
}

// Known returns the concepts and those tags that are no concepts, sorted: what
// the set says of each image, true or not.
func (s Set) Known() []string {
	known := slices.Clone(s.Tags)
	for _, c := range s.Concepts {
		known = append(known, c.Name)
	}
	slices.Sort(known)
	return slices.Compact(known)
}

// columns are the names of the matrix's columns, "" for a concept's.
func (s Set) columns() []string {
	concepts := map[string]bool{}
	for _, c := range s.Concepts {
		concepts[c.Name] = true
	}
	columns := slices.Clone(s.Tags)
	for i, tag := range columns {
		if concepts[tag] {
			columns[i] = ""
		}
	}
	return columns
}

// Read calls each with the name of every image, slashes between folders, and
// what is true of it, sorted; the list is valid during the call only. It holds
// one row of each file. A file with more rows or fewer than the image list, or
// with anything but 0 and 1, is ErrInvalid.
func (s Set) Read(each func(name string, positives []string) error) error {
	r := s.reader()
	for {
		name, err := r.images.text()
		if err == io.EOF {
			return r.end()
		}
		if err != nil {
			return err
		}
		if err := r.row(); err != nil {
			return err
		}
		slices.Sort(r.found)
		if err := each(slashed(name), r.found); err != nil {
			return err
		}
	}
}

// reader reads the files of a set row by row.
type reader struct {
	set      Set
	images   *lines
	concepts []*lines
	matrix   *lines
	columns  []string // of the matrix; "" for one that is left out
	found    []string // what is true of the image last read
	rows     int64
}

func (s Set) reader() *reader {
	r := &reader{set: s, images: linesOf(s.Images, maxLine)}
	for _, c := range s.Concepts {
		r.concepts = append(r.concepts, linesOf(c.Labels, maxLine))
	}
	if s.Matrix.Reader != nil {
		r.matrix, r.columns = linesOf(s.Matrix, maxLine), s.columns()
	}
	return r
}

// row reads what the files say of the next image.
func (r *reader) row() error {
	r.rows++
	r.found = r.found[:0]
	for i, l := range r.concepts {
		text, err := r.rowOf(l)
		if err != nil {
			return err
		}
		if err := r.add(l, text, r.set.Concepts[i].Name); err != nil {
			return err
		}
	}
	if r.matrix == nil {
		return nil
	}
	text, err := r.rowOf(r.matrix)
	if err != nil {
		return err
	}
	return r.addTags(text)
}

// rowOf reads a row of a file that has one for each image.
func (r *reader) rowOf(l *lines) ([]byte, error) {
	text, err := l.row()
	if err == io.EOF {
		return nil, fmt.Errorf("%w: %s ends after %d rows; %s has more, line %d is without a label", ErrInvalid, l.name, r.rows-1, r.images.name, r.images.at)
	}
	return text, err
}

// add notes a tag if its value says so.
func (r *reader) add(l *lines, value []byte, tag string) error {
	switch {
	case string(value) == "1":
		if tag != "" {
			r.found = append(r.found, tag)
		}
	case string(value) != "0":
		return l.invalid("%q where 0 or 1 is wanted", shortened(value))
	}
	return nil
}

// addTags reads a row of the matrix.
func (r *reader) addTags(text []byte) error {
	n := 0
	for value := range bytes.FieldsSeq(text) {
		if n == len(r.columns) {
			n++
			break
		}
		if err := r.add(r.matrix, value, r.columns[n]); err != nil {
			return err
		}
		n++
	}
	if n != len(r.columns) {
		return r.matrix.invalid("%d values for %d tags", len(bytes.Fields(text)), len(r.columns))
	}
	return nil
}

// end checks that no file has rows for images that are not in the list.
func (r *reader) end() error {
	for _, l := range append(r.concepts, r.matrix) {
		if l == nil {
			continue
		}
		_, err := l.row()
		if err == nil {
			return l.invalid("a row more than the %d images of %s", r.rows, r.images.name)
		}
		if err != io.EOF {
			return err
		}
	}
	return nil
}

func shortened(value []byte) string {
	const most = 40
	if len(value) > most {
		value = append(slices.Clone(value[:most]), "…"...)
	}
	return strings.ToValidUTF8(string(value), "?")
}
