package manifest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
)

// textRecords reads one URI a line. Empty lines are not rows.
type textRecords struct {
	in           *bufio.Reader
	offset, line int64
}

func (t *textRecords) next() (record, error) {
	for {
		rec := record{offset: t.offset, line: t.line}
		text, long, err := t.readLine()
		if err != nil {
			return record{}, err
		}
		if rec.offset == 0 {
			text = bytes.TrimPrefix(text, byteOrderMark)
		}
		if len(bytes.TrimSpace(text)) == 0 && !long {
			continue
		}
		rec.uri = string(text)
		if rec.invalid = check(rec.uri); long {
			rec.invalid = invalid(CodeTooLong, fmt.Sprintf("line %d is longer than %d bytes", rec.line, maxURI))
		}
		return rec, nil
	}
}

// readLine returns the next line without its end, at most the reader's buffer
// of it, and whether it was longer than that.
func (t *textRecords) readLine() (text []byte, long bool, err error) {
	text, err = t.in.ReadSlice('\n')
	t.offset += int64(len(text))
	if errors.Is(err, bufio.ErrBufferFull) {
		text, long = slices.Clone(text[:256]), true
		for errors.Is(err, bufio.ErrBufferFull) {
			var rest []byte
			rest, err = t.in.ReadSlice('\n')
			t.offset += int64(len(rest))
		}
	}
	if err == io.EOF && len(text) > 0 {
		err = nil
	}
	t.line++
	return bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r")), long, err
}
