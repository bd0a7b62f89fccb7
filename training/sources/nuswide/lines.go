package nuswide

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// ErrInvalid: a file is not what it should be. The message has file and line.
var ErrInvalid = errors.New("no NUS-WIDE labels")

// maxLine bounds a line, in bytes.
const maxLine = 1 << 20

// File is a text with the name that errors call it by.
type File struct {
	Name string
	io.Reader
}

// lines reads a file line by line. Line ends of any kind, blanks around a line
// and a byte order mark are left out.
type lines struct {
	name string
	in   *bufio.Scanner
	at   int64 // number of the line last read, from 1
}

func linesOf(f File, maxBytes int) *lines {
	in := bufio.NewScanner(f)
	in.Buffer(make([]byte, 0, min(maxBytes, 4<<10)), maxBytes)
	return &lines{name: f.Name, in: in}
}

// next returns the next line, which is valid until the one after it, or io.EOF.
// Errors of reading stay what they are.
func (l *lines) next() ([]byte, error) {
	if !l.in.Scan() {
		err := l.in.Err()
		if err == nil {
			return nil, io.EOF
		}
		l.at++
		if errors.Is(err, bufio.ErrTooLong) {
			return nil, l.invalid("the line is too long")
		}
		return nil, err
	}
	l.at++
	text := l.in.Bytes()
	if l.at == 1 {
		text = bytes.TrimPrefix(text, []byte("\xEF\xBB\xBF"))
	}
	return bytes.TrimSpace(text), nil
}

// row returns the next line that is not empty.
func (l *lines) row() ([]byte, error) {
	for {
		text, err := l.next()
		if err != nil || len(text) > 0 {
			return text, err
		}
	}
}

func (l *lines) invalid(format string, args ...any) error {
	return fmt.Errorf("%w: %s, line %d: %s", ErrInvalid, l.name, l.at, fmt.Sprintf(format, args...))
}

// text is a row that must be UTF-8.
func (l *lines) text() (string, error) {
	row, err := l.row()
	if err == nil && !utf8.Valid(row) {
		err = l.invalid("this is no UTF-8")
	}
	return string(row), err
}

// Names reads a list of concepts or tags, one a line, each once.
func Names(f File) ([]string, error) {
	l := linesOf(f, maxLine)
	var names []string
	seen := map[string]int64{}
	for {
		name, err := l.text()
		switch {
		case err == io.EOF && len(names) == 0:
			return nil, fmt.Errorf("%w: %s is empty", ErrInvalid, f.Name)
		case err == io.EOF:
			return names, nil
		case err != nil:
			return nil, err
		case seen[name] > 0:
			return nil, l.invalid("%q is in line %d, too", name, seen[name])
		case len(names) == maxNames:
			return nil, l.invalid("more than %d names", maxNames)
		}
		seen[name] = l.at
		names = append(names, name)
	}
}

// maxNames bounds a list of concepts or tags.
const maxNames = 100_000

// Images calls each with every name of an image list, with slashes between
// folders.
func Images(f File, each func(name string) error) error {
	l := linesOf(f, maxLine)
	for {
		name, err := l.text()
		if err == io.EOF {
			return nil
		}
		if err == nil {
			err = each(slashed(name))
		}
		if err != nil {
			return err
		}
	}
}

// slashed writes a name of Windows with slashes.
func slashed(name string) string {
	return string(bytes.ReplaceAll([]byte(name), []byte(`\`), []byte("/")))
}
