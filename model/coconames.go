package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

var errNoCategories = errors.New(`no list "categories"`)

// cocoNames reads the names of the categories of COCO's instances JSON, whose
// other parts, hundreds of megabytes, are passed over. The columns of vectors
// have no names; they follow the official files, which list the categories in
// the order of their ids. Another order would join names to foreign vectors and
// is refused.
func cocoNames(r io.Reader) ([]string, error) {
	names, err := findCategories(json.NewDecoder(r))
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, fmt.Errorf("instances JSON: %w", err)
	}
	return names, nil
}

func findCategories(d *json.Decoder) ([]string, error) {
	if _, err := d.Token(); err != nil { // the brace
		return nil, err
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, err
		}
		if key == json.Token("categories") {
			return categoriesOf(d)
		}
		if err := skipValue(d); err != nil {
			return nil, err
		}
	}
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	return nil, errNoCategories
}

func categoriesOf(d *json.Decoder) ([]string, error) {
	var list []struct {
		ID   int64
		Name string
	}
	if err := d.Decode(&list); err != nil {
		return nil, fmt.Errorf("categories: %w", err)
	}
	var names []string
	for i, c := range list {
		if i > 0 && c.ID <= list[i-1].ID {
			return nil, fmt.Errorf("category %q has id %d and follows %q with %d: the vectors are in the order of ids, as the official files are", c.Name, c.ID, list[i-1].Name, list[i-1].ID)
		}
		names = append(names, c.Name)
	}
	return names, nil
}

// maxDepth bounds lists within lists: each takes memory until it ends.
const maxDepth = 10_000

// skipValue passes over one value, token by token, in constant memory.
func skipValue(d *json.Decoder) error {
	for depth := 0; ; {
		token, err := d.Token()
		if err != nil {
			return err
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		switch {
		case depth == 0:
			return nil
		case depth > maxDepth:
			return fmt.Errorf("lists and objects are more than %d deep", maxDepth)
		}
	}
}
