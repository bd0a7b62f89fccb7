package listing

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/storage"
)

// source is what a manifest is made of.
type source struct {
	root   string // URI that opens the store
	base   string // what comes in front of a key to make a URI
	folder string // what every key begins with, "" or ending with a slash
	match  *pattern
}

// parseSource reads the URI of a folder or a pattern of names below one. A
// pattern begins with the first part of the path that has a special character.
func parseSource(uri string) (*source, error) {
	if uri == "" { // an unset variable of a script would mean the working folder
		return nil, fmt.Errorf("%w: no folder or pattern given; the working folder is \".\"", jobs.ErrConfig)
	}
	folder, glob := uri, ""
	if storage.IsLocal(uri) {
		folder, glob = cutPattern(uri)
		if folder == "" {
			folder = "./"
		}
	}
	root, base, prefix, err := storage.SplitPrefix(folder)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", jobs.ErrConfig, err)
	}
	if !storage.IsLocal(uri) {
		prefix, glob = cutPattern(prefix)
	} else if strings.Contains(uri, "://") {
		if glob, err = url.PathUnescape(glob); err != nil {
			return nil, fmt.Errorf("%w: %s: %w", jobs.ErrConfig, storage.Redact(uri), err)
		}
	}
	if prefix != "" && !strings.HasSuffix(prefix, "/") {
		prefix += "/"
	}
	s := &source{root: root, base: base, folder: prefix}
	if glob != "" {
		s.match, err = configured(glob)
	}
	return s, err
}

// cutPattern cuts a path before the part with the first special character.
func cutPattern(path string) (folder, glob string) {
	i := strings.IndexAny(path, special)
	if i < 0 {
		return path, ""
	}
	at := strings.LastIndexByte(path[:i], '/') + 1
	return path[:at], path[at:]
}

func configured(glob string) (*pattern, error) {
	p, err := parsePattern(glob)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", jobs.ErrConfig, err)
	}
	return p, nil
}

// prefix is what the keys of the listing begin with.
func (s *source) prefix() string {
	if s.match == nil {
		return s.folder
	}
	return s.folder + s.match.fixed
}
