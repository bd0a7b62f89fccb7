package manifest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Columns says which columns of a manifest are used. Text has none.
type Columns struct {
	URI     string   // "" takes the first of the usual names
	Carried []string // copied into the images table
}

// usual are the names that a URI column tends to have.
var usual = []string{"uri", "url", "image_uri", "image_url", "path", "file", "filename", "file_name", "image"}

// ErrColumn says that a manifest lacks a column, or has it with values that
// cannot be used.
var ErrColumn = errors.New("manifest column")

// places are where the wanted columns stand among all.
type places struct {
	uri     int
	carried []int
}

// find looks for the wanted columns among names; upper and lower case are one
// where no name is exactly the wanted one.
func (c Columns) find(names []string) (p places, err error) {
	if p.uri = c.findURI(names); p.uri < 0 {
		return p, fmt.Errorf("no column %q among the manifest's columns %s: %w", c.orUsual(), listed(names), ErrColumn)
	}
	for _, name := range c.Carried {
		i := place(names, name)
		if i < 0 {
			return p, fmt.Errorf("no column %q to carry among the manifest's columns %s: %w", name, listed(names), ErrColumn)
		}
		p.carried = append(p.carried, i)
	}
	return p, nil
}

func (c Columns) findURI(names []string) int {
	if c.URI != "" {
		return place(names, c.URI)
	}
	for _, name := range usual {
		if i := place(names, name); i >= 0 {
			return i
		}
	}
	return -1
}

func (c Columns) orUsual() string {
	if c.URI == "" {
		return strings.Join(usual, "|")
	}
	return c.URI
}

// any tells whether columns were named.
func (c Columns) any() bool { return c.URI != "" || len(c.Carried) > 0 }

func place(names []string, name string) int {
	if i := slices.Index(names, name); i >= 0 {
		return i
	}
	return slices.IndexFunc(names, func(n string) bool { return strings.EqualFold(strings.TrimSpace(n), name) })
}

// listed quotes names, the first ones of many.
func listed(names []string) string {
	const most = 20
	if len(names) <= most {
		return fmt.Sprintf("%q", names)
	}
	return fmt.Sprintf("%q and %d more", names[:most], len(names)-most)
}
