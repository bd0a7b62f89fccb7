package manifest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/sdl-batch/sdl-batch/pipeline"
)

// lines reads lines that are not blank.
type lines struct {
	in   *bufio.Reader
	at   position // of the next line
	most int      // bytes a line may have, about
	text []byte   // of the line moved to, without its end; valid until the next
	long bool     // it had more bytes; text is its begin
	line int64
}

// spare is room for a byte order mark and a line's end.
const spare = 8

func newLines(r io.Reader, most int, at position) *lines {
	return &lines{in: bufio.NewReaderSize(r, most+spare), most: most, at: at}
}

// advance moves to the next line that is not blank; io.EOF at the end.
func (l *lines) advance() (position, error) {
	for {
		at := l.at
		if err := l.read(); err != nil {
			return position{}, err
		}
		if at.offset == 0 {
			l.text = bytes.TrimPrefix(l.text, byteOrderMark)
		}
		if l.long || len(bytes.TrimSpace(l.text)) > 0 {
			l.line = at.line
			return at, nil
		}
	}
}

// read reads a line; of one that is longer than the reader's buffer it keeps the
// begin.
func (l *lines) read() (err error) {
	l.text, err = l.in.ReadSlice('\n')
	l.at.offset += int64(len(l.text))
	if l.long = errors.Is(err, bufio.ErrBufferFull); l.long {
		l.text = slices.Clone(l.text[:256])
	}
	for errors.Is(err, bufio.ErrBufferFull) {
		var rest []byte
		rest, err = l.in.ReadSlice('\n')
		l.at.offset += int64(len(rest))
	}
	if err == io.EOF && len(l.text) > 0 {
		err = nil
	}
	l.at.line++
	l.text = bytes.TrimSuffix(bytes.TrimSuffix(l.text, []byte("\n")), []byte("\r"))
	return err
}

func (l *lines) tooLong() *pipeline.Reject {
	return invalid(CodeTooLong, fmt.Sprintf("line %d is longer than %d bytes", l.line, l.most))
}
