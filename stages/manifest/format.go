// Package manifest reads the list of images that a run labels.
//
// A manifest is read twice: Scan goes over it once, counts the rows and notes
// where every shard begins, so that a Source can start anywhere later. Of a
// compressed one, which has no such places, Keep writes the rows anew, a shard
// apart from the other. Rows and codes are the same in every format; memory
// depends on the number of shards only.
package manifest

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/sdl-batch/sdl-batch/storage"
)

// Format says how a manifest is read. All but Parquet may be compressed with
// gzip or zstd, which its first bytes tell.
type Format string

// The formats.
const (
	Text    Format = "text"    // one URI a line
	CSV     Format = "csv"     // a header, then comma-separated fields
	TSV     Format = "tsv"     // a header, then tab-separated fields
	JSONL   Format = "jsonl"   // a JSON object a line, or a JSON string, the URI
	Parquet Format = "parquet" // a column of URIs among others
)

// Formats lists what ParseFormat takes.
var Formats = []Format{Text, CSV, TSV, JSONL, Parquet}

// ParseFormat returns the format called name.
func ParseFormat(name string) (Format, error) {
	if slices.Contains(Formats, Format(name)) {
		return Format(name), nil
	}
	return "", fmt.Errorf("manifest format %q: want one of %v: %w", name, Formats, storage.ErrUnsupported)
}

// extensions of names that do not mean text.
var extensions = map[string]Format{
	".csv": CSV, ".tsv": TSV, ".jsonl": JSONL, ".ndjson": JSONL, ".json": JSONL, ".parquet": Parquet, ".pq": Parquet,
}

// FormatOf tells a manifest's format from its name, in which .gz or .zst may
// follow.
func FormatOf(name string) Format {
	name = strings.ToLower(name)
	for _, compression := range []string{".gz", ".gzip", ".zst", ".zstd"} {
		name = strings.TrimSuffix(name, compression)
	}
	if format, ok := extensions[path.Ext(name)]; ok {
		return format
	}
	return Text
}
