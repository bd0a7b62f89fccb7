package manifest

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/sdl-batch/sdl-batch/storage"
)

// ErrFormat says that a manifest is in another format than the one it is read as.
var ErrFormat = errors.New("manifest format")

const (
	parquetMark = "PAR1"
	sniffed     = 512 // bytes that a format is told by
)

var (
	byteOrderMark = []byte("\xEF\xBB\xBF")
	binaries      = []struct{ magic, kind string }{
		{"PK\x03\x04", "a zip file"}, {"BZh", "bzip2-compressed"}, {"\xfd7zXZ\x00", "xz-compressed"},
		{"\x1f\x8b", "compressed twice"}, {"\x28\xb5\x2f\xfd", "compressed twice"},
		{"PARE", "an encrypted Parquet file"}, {"ARROW1", "an Arrow file"}, {"\x89PNG", "a PNG image"}, {"\xff\xd8\xff", "a JPEG image"},
		{"\xff\xfe", "UTF-16 text"}, {"\xfe\xff", "UTF-16 text"},
	}
)

// sniffText refuses files that are not text, whatever they are called.
func sniffText(head []byte, format Format, compression string) error {
	if bytes.HasPrefix(head, []byte(parquetMark)) {
		if compression != "" {
			return insideOut(compression)
		}
		return fmt.Errorf("the manifest is a Parquet file, but is read as %s: %w", format, ErrFormat)
	}
	for _, b := range binaries {
		if bytes.HasPrefix(head, []byte(b.magic)) {
			return fmt.Errorf("the manifest is %s; give UTF-8 text, csv, tsv, jsonl or Parquet: %w", b.kind, storage.ErrUnsupported)
		}
	}
	if bytes.IndexByte(head, 0) >= 0 {
		return fmt.Errorf("the manifest holds NUL bytes, so it is not text: %w", storage.ErrUnsupported)
	}
	if format == Text && object(bytes.TrimPrefix(head, byteOrderMark)) {
		return fmt.Errorf("the manifest holds JSON objects, but is read as text: %w", ErrFormat)
	}
	return nil
}

// object tells whether text begins like a JSON object with a key.
func object(text []byte) bool {
	text, opened := bytes.CutPrefix(bytes.TrimSpace(text), []byte("{"))
	return opened && bytes.HasPrefix(bytes.TrimSpace(text), []byte(`"`))
}

// sniffParquet refuses files that are not Parquet.
func sniffParquet(head []byte) error {
	switch {
	case bytes.HasPrefix(head, []byte(parquetMark)):
		return nil
	case bytes.HasPrefix(head, []byte("PARE")):
		return fmt.Errorf("the manifest is an encrypted Parquet file: %w", storage.ErrUnsupported)
	case bytes.HasPrefix(head, []byte("\x1f\x8b")):
		return insideOut("gzip")
	case bytes.HasPrefix(head, []byte("\x28\xb5\x2f\xfd")):
		return insideOut("zstd")
	}
	return fmt.Errorf("the manifest is read as Parquet, but is no Parquet file: %w", ErrFormat)
}

func insideOut(compression string) error {
	return fmt.Errorf("the manifest is a Parquet file inside %s: unpack it, Parquet compresses its columns itself: %w", compression, storage.ErrUnsupported)
}
