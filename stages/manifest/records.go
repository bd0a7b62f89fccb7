package manifest

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/sdl-batch/sdl-batch/pipeline"
)

// Codes of the rejects that reading a manifest makes.
const (
	CodeBadUTF8  = "bad_utf8"
	CodeTooLong  = "line_too_long"
	CodeEmptyURI = "empty_uri"
	CodeBadJSON  = "bad_json"
)

const (
	maxURI    = 64 << 10 // bytes that a row's name may have
	maxRecord = 1 << 20  // bytes that a row of csv or jsonl may have
)

// record is one row as the manifest has it.
type record struct {
	uri     string
	carried []string
	invalid *pipeline.Reject
}

// position is where a row lies in a manifest that is text.
type position struct {
	offset int64 // of its first byte, in the text without its compression
	line   int64 // from 1
}

// records reads rows one after the other.
type records interface {
	// advance moves to the next row; io.EOF at the end.
	advance() (position, error)
	// record is the row moved to.
	record() record
	// header names the columns that rows are read by, as open wants to know them.
	header() []string
}

// begin starts reading a manifest of text at its begin. What it lacks, against
// the wanted columns, is an error here or of an advance.
func begin(r io.Reader, format Format, columns Columns) (records, error) {
	switch format {
	case Text:
		if columns.any() {
			return nil, fmt.Errorf("the manifest is text, which has no columns: %w", ErrColumn)
		}
		return &textRecords{newLines(r, maxURI, position{line: 1})}, nil
	case JSONL:
		return &jsonRecords{lines: newLines(r, maxRecord, position{line: 1}), head: &jsonHead{columns: columns}}, nil
	}
	return beginCSV(r, format, columns)
}

// open goes on reading a manifest of text whose header begin found, from a row on.
func open(r io.Reader, format Format, columns Columns, header []string, at position) (records, error) {
	switch format {
	case Text:
		return &textRecords{newLines(r, maxURI, at)}, nil
	case JSONL:
		rows := &jsonRecords{lines: newLines(r, maxRecord, at)}
		return rows, rows.choose(columns, header)
	}
	return openCSV(r, format, columns, header, at)
}

// check returns why uri cannot be used, or nil.
func check(uri string) *pipeline.Reject {
	switch {
	case len(uri) > maxURI:
		return invalid(CodeTooLong, fmt.Sprintf("the name is longer than %d bytes", maxURI))
	case !utf8.ValidString(uri):
		return invalid(CodeBadUTF8, "the name is not valid UTF-8")
	case strings.TrimSpace(uri) == "":
		return invalid(CodeEmptyURI, "the row names no image")
	}
	return nil
}

func invalid(code, message string) *pipeline.Reject {
	return &pipeline.Reject{Stage: "manifest", Code: code, Message: message}
}

// readable returns a form of a bad name that every table can hold.
func readable(uri string) string {
	const most = 200
	uri = readableField(uri)
	if len(uri) > most {
		uri = strings.ToValidUTF8(uri[:most], "") + "…"
	}
	return uri
}

func readableField(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }
