package listing

import (
	"path"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sdl-batch/sdl-batch/storage"
)

// Extensions are those that images have, in lower case.
var Extensions = []string{".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".webp", ".bmp"}

// NoExtension is the key in Passed.Kinds of names without an extension.
const NoExtension = "none"

// Passed counts the objects that are not in the manifest.
type Passed struct {
	Kinds    map[string]int64 `json:"kinds"`    // not named like images, by extension in lower case
	Hidden   int64            `json:"hidden"`   // the name, or a folder, begins with a dot
	Excluded int64            `json:"excluded"` // by a pattern
	Older    int64            `json:"older"`    // than asked for
	Unnamed  int64            `json:"unnamed"`  // the name is no UTF-8, which no table holds
}

// Total is how many objects they are.
func (p Passed) Total() int64 { return p.OtherKinds() + p.Hidden + p.Excluded + p.Older + p.Unnamed }

// OtherKinds is how many objects are not named like images.
func (p Passed) OtherKinds() (n int64) {
	for _, count := range p.Kinds {
		n += count
	}
	return n
}

// maxKinds bounds the extensions that are told apart; maxExtension is their
// longest length in bytes.
const (
	maxKinds     = 100
	maxExtension = 10
)

// filter decides which objects are in a manifest, by their names below a folder.
type filter struct {
	match   *pattern // nil: any
	exclude []*pattern
	all     bool
	since   time.Time // zero: any
	passed  Passed
}

// takes tells whether an object is in the manifest and counts it if not. What
// the source's pattern does not match, and what only stands for a folder, is not
// counted.
func (f *filter) takes(name string, attrs storage.Attrs) bool {
	if name == "" || strings.HasSuffix(name, "/") || f.match != nil && !f.match.match.MatchString(name) {
		return false
	}
	switch {
	case f.excluded(name):
		f.passed.Excluded++
	case !utf8.ValidString(name):
		f.passed.Unnamed++
	case !f.all && hidden(name):
		f.passed.Hidden++
	case !f.all && !isImage(name):
		f.count(name)
	case attrs.ModTime.Before(f.since):
		f.passed.Older++
	default:
		return true
	}
	return false
}

func (f *filter) excluded(name string) bool {
	return slices.ContainsFunc(f.exclude, func(p *pattern) bool { return p.match.MatchString(name) })
}

// hidden tells whether a part of a name begins with a dot, as the files do that
// systems keep for themselves.
func hidden(name string) bool { return strings.HasPrefix(name, ".") || strings.Contains(name, "/.") }

func isImage(name string) bool { return slices.Contains(Extensions, extension(name)) }

func extension(name string) string { return strings.ToLower(path.Ext(name)) }

// count notes the kind of an object that is no image.
func (f *filter) count(name string) {
	kind := extension(name)
	if _, known := f.passed.Kinds[kind]; !known && len(f.passed.Kinds) >= maxKinds || len(kind) > maxExtension || kind == "" || kind == "." {
		kind = NoExtension
	}
	f.passed.Kinds[kind]++
}
