package openimages

import (
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// ErrInvalid: a file is not what it should be. The message has file and line.
var ErrInvalid = errors.New("no Open Images labels")

// maxClasses bounds the classes.
const maxClasses = 1_000_000

// File is a text with the name that errors call it by.
type File struct {
	Name string
	io.Reader
}

// Classes reads the names of classes by their ids (MIDs, such as /m/07j7r).
// Several ids may have one name.
func Classes(f File) (map[string]string, error) {
	in := newTable(f)
	names := map[string]string{}
	for {
		row, err := in.next()
		switch {
		case err == io.EOF && len(names) == 0:
			return nil, fmt.Errorf("%w: %s names no class", ErrInvalid, f.Name)
		case err == io.EOF:
			return names, nil
		case err != nil:
			return nil, err
		}
		if in.line() == 1 && row[0] == "LabelName" {
			continue
		}
		if err := addClass(names, row); err != nil {
			return nil, in.invalid("%w", err)
		}
	}
}

func addClass(names map[string]string, row []string) error {
	if len(row) != 2 {
		return fmt.Errorf("%d fields, want an id and a name", len(row))
	}
	id, name := row[0], row[1]
	before, again := names[id]
	switch {
	case id == "" || name == "":
		return errors.New("a class without id or name")
	case !utf8.ValidString(name):
		return errors.New("this is no UTF-8")
	case again && before != name:
		return fmt.Errorf("class %s is called %q and %q", id, before, name)
	case len(names) == maxClasses:
		return fmt.Errorf("more than %d classes", maxClasses)
	}
	names[id] = name
	return nil
}
