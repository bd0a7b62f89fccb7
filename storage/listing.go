package storage

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"unicode/utf8"
)

// pageObjects is how many entries a page has at most; a variable for tests.
var pageObjects int32 = 1000

// pager lists a bucket page by page; keys are full object names. A token of nil
// asks for the first page, and a nil one comes back with the last.
type pager interface {
	// page lists objects by key.
	page(ctx context.Context, prefix string, token []byte) (objects []Object, next []byte, err error)
	// folderPage lists the names of the folders right below prefix; a name may
	// come twice.
	folderPage(ctx context.Context, prefix string, token []byte) (names []string, next []byte, err error)
}

// listing makes whole listings of pages.
type listing struct{ pager pager }

func (l listing) list(ctx context.Context, prefix string, attempt attempt) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		var token []byte
		for {
			objects, next, err := onePage(ctx, attempt, l.pager.page, prefix, token)
			if err != nil {
				yield(Object{}, err)
				return
			}
			for _, object := range objects {
				if !yield(object, nil) {
					return
				}
			}
			if token = next; token == nil {
				return
			}
		}
	}
}

func (l listing) folders(ctx context.Context, prefix string, attempt attempt) ([]string, error) {
	seen := map[string]bool{}
	var all []string
	var token []byte
	for {
		names, next, err := onePage(ctx, attempt, l.pager.folderPage, prefix, token)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			if !seen[name] {
				seen[name] = true
				all = append(all, name)
			}
		}
		if token = next; token == nil {
			return all, nil
		}
	}
}

// onePage asks for a page as often as attempt allows.
func onePage[T any](ctx context.Context, attempt attempt, ask func(context.Context, string, []byte) ([]T, []byte, error),
	prefix string, token []byte) (found []T, next []byte, err error) {
	err = attempt(ctx, func(ctx context.Context) (err error) {
		found, next, err = ask(ctx, prefix, token)
		if err == nil && next != nil && bytes.Equal(next, token) {
			err = fmt.Errorf("%w: the page after this one is this one", errForeign)
		}
		return err
	})
	return found, next, err
}

// keyspace is the part of a bucket below a folder: the prefix of all keys, ""
// or ending with a slash.
type keyspace string

// below returns the keyspace of the path of an address.
func below(path string) keyspace { return keyspace(folderPrefix(path)) }

func (k keyspace) prefix() string { return string(k) }

func (k keyspace) full(key string) (string, error) {
	if !utf8.ValidString(key) {
		return "", invalid("the key is not valid UTF-8")
	}
	return string(k) + key, nil
}
