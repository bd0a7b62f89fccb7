// Package manifest reads the list of images that a run labels.
//
// A manifest is read twice: Scan goes over it once, counts the rows and notes
// where every shard begins, so that a Source can start anywhere later.
package manifest

import (
	"bytes"
	"fmt"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/sdl-batch/sdl-batch/pipeline"
	"github.com/sdl-batch/sdl-batch/storage"
)

// Format says how the lines of a manifest are read.
type Format string

// The formats.
const (
	Text Format = "text" // one URI a line
	CSV  Format = "csv"  // a header, then comma-separated fields
	TSV  Format = "tsv"  // a header, then tab-separated fields
)

// Formats lists what ParseFormat takes.
var Formats = []Format{Text, CSV, TSV}

// ParseFormat returns the format called name.
func ParseFormat(name string) (Format, error) {
	for _, f := range Formats {
		if string(f) == name {
			return f, nil
		}
	}
	return "", fmt.Errorf("manifest format %q: want one of %v: %w", name, Formats, storage.ErrUnsupported)
}

// FormatOf tells a manifest's format from its name.
func FormatOf(name string) (Format, error) {
	switch ext := strings.ToLower(path.Ext(name)); ext {
	case ".csv":
		return CSV, nil
	case ".tsv":
		return TSV, nil
	case ".parquet", ".jsonl", ".ndjson", ".gz", ".zst":
		return "", fmt.Errorf("manifest %s: %s manifests are not read; give text, csv or tsv: %w", storage.Redact(name), ext, storage.ErrUnsupported)
	}
	return Text, nil
}

// Codes of the rejects that reading a manifest makes.
const (
	CodeBadUTF8  = "bad_utf8"
	CodeTooLong  = "line_too_long"
	CodeEmptyURI = "empty_uri"
)

// maxURI is the longest name, in bytes, that a row may have.
const maxURI = 64 << 10

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
	uri = strings.ToValidUTF8(uri, "\uFFFD")
	if len(uri) > most {
		uri = strings.ToValidUTF8(uri[:most], "") + "…"
	}
	return uri
}

var (
	byteOrderMark = []byte("\xEF\xBB\xBF")
	binaries      = []struct{ magic, kind string }{
		{"PAR1", "a Parquet file"}, {"\x1f\x8b", "gzip-compressed"}, {"\x28\xb5\x2f\xfd", "zstd-compressed"},
		{"PK\x03\x04", "a zip file"}, {"\xff\xd8\xff", "a JPEG image"}, {"\x89PNG", "a PNG image"},
		{"\xff\xfe", "UTF-16 text"}, {"\xfe\xff", "UTF-16 text"},
	}
)

// sniff refuses files that are not text, whatever they are called.
func sniff(head []byte) error {
	for _, b := range binaries {
		if bytes.HasPrefix(head, []byte(b.magic)) {
			return fmt.Errorf("the manifest is %s; give UTF-8 text, csv or tsv: %w", b.kind, storage.ErrUnsupported)
		}
	}
	if bytes.IndexByte(head, 0) >= 0 {
		return fmt.Errorf("the manifest holds NUL bytes, so it is not text: %w", storage.ErrUnsupported)
	}
	return nil
}
