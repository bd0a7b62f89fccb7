package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/sdl-batch/sdl-batch/model/jsonvalue"
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
		if err := jsonvalue.Skip(d.Token); err != nil {
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
