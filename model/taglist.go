package model

import (
	"context"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/plain"
)

// listedTag is a tag and where it was listed.
type listedTag struct {
	tag  string
	file string // redacted
	line int    // from 1
}

// readTagList reads the tags of a text file, plain or compressed.
func readTagList(ctx context.Context, uri string) ([]listedTag, error) {
	text, err := plain.Open(ctx, uri)
	if err != nil {
		return nil, fmt.Errorf("read tags: %w", inFile(uri, err))
	}
	defer text.Close()
	list, err := parseTagList(text)
	if err != nil {
		return nil, fmt.Errorf("read tags: %w", inFile(uri, err))
	}
	for i := range list {
		list[i].file = storage.Redact(uri)
	}
	return list, nil
}

// parseTagList reads a tag a line, maxNamesBytes at most. Spaces around it, blank
// lines, a byte order mark and carriage returns are no part of a tag; all else
// is, "#" too. What is no UTF-8 text is ErrInvalid.
func parseTagList(r io.Reader) ([]listedTag, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxNamesBytes+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxNamesBytes {
		return nil, fmt.Errorf("%w list of tags: it has more than %d bytes", ErrInvalid, maxNamesBytes)
	}
	var list []listedTag
	number := 0
	for line := range strings.Lines(strings.TrimPrefix(string(text), "\ufeff")) {
		number++
		tag := strings.TrimSpace(line)
		if !utf8.ValidString(tag) || strings.IndexByte(tag, 0) >= 0 {
			return nil, fmt.Errorf("%w list of tags: line %d is no UTF-8 text", ErrInvalid, number)
		}
		if tag != "" {
			list = append(list, listedTag{tag: tag, line: number})
		}
	}
	return list, nil
}

// tagsOf are the tags of a list alone.
func tagsOf(list []listedTag) []string {
	tags := make([]string, len(list))
	for i, l := range list {
		tags[i] = l.tag
	}
	return tags
}

// checkDuplicates lists every tag that is there twice, with both places, as
// ErrDuplicateTag.
func checkDuplicates(list []listedTag) error {
	first := make(map[string]listedTag, len(list))
	var twice []string
	for _, l := range list {
		if prior, ok := first[l.tag]; ok {
			twice = append(twice, fmt.Sprintf("  %q: %s line %d, %s line %d", l.tag, prior.file, prior.line, l.file, l.line))
			continue
		}
		first[l.tag] = l
	}
	if len(twice) > 0 {
		return fmt.Errorf("%w:\n%s", ErrDuplicateTag, strings.Join(twice, "\n"))
	}
	return nil
}
