package listing

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"strings"
	"time"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/columnar"
)

// writer takes the rows of a manifest.
type writer interface {
	Append(columnar.ManifestRow) error
	Close() error
}

// writerFor returns what starts a manifest of the kind that its name tells.
func writerFor(name, program string) (func(io.Writer) (writer, error), error) {
	_, key, err := storage.SplitURI(name) // without options
	if err != nil {
		key = name // writing it tells more
	}
	switch ext := strings.ToLower(path.Ext(key)); ext {
	case ".parquet":
		return func(w io.Writer) (writer, error) {
			return columnar.NewManifestWriter(w, columnar.Options{Metadata: map[string]string{"sdl.program": program}})
		}, nil
	case ".txt":
		return func(w io.Writer) (writer, error) { return &lines{bufio.NewWriter(w)}, nil }, nil
	case ".jsonl":
		return func(w io.Writer) (writer, error) { return newObjects(w), nil }, nil
	}
	return nil, fmt.Errorf("%w: manifest %s: want a name that ends with .parquet, .jsonl or .txt", jobs.ErrConfig, storage.Redact(name))
}

// lines writes URIs, one a line.
type lines struct{ to *bufio.Writer }

// Append implements the interface. What a line cannot hold as it is, is refused.
func (l *lines) Append(r columnar.ManifestRow) error {
	if strings.ContainsAny(r.URI, "\r\n") {
		return fmt.Errorf("%w: the name %q has more than one line; write a .parquet or .jsonl manifest", jobs.ErrConfig, r.URI)
	}
	l.to.WriteString(r.URI)
	return l.to.WriteByte('\n')
}

func (l *lines) Close() error { return l.to.Flush() }

// objects writes a JSON object a line.
type objects struct {
	to     *bufio.Writer
	encode *json.Encoder
}

func newObjects(w io.Writer) *objects {
	to := bufio.NewWriter(w)
	encode := json.NewEncoder(to)
	encode.SetEscapeHTML(false)
	return &objects{to, encode}
}

// Append implements the interface.
func (o *objects) Append(r columnar.ManifestRow) error {
	row := struct {
		URI      string     `json:"uri"`
		Size     int64      `json:"size"`
		Version  string     `json:"version,omitempty"`
		Modified *time.Time `json:"modified,omitempty"`
	}{URI: r.URI, Size: r.Size, Version: r.Version}
	if !r.Modified.IsZero() {
		modified := r.Modified.UTC().Truncate(time.Microsecond) // as in Parquet
		row.Modified = &modified
	}
	return o.encode.Encode(row)
}

func (o *objects) Close() error { return o.to.Flush() }
