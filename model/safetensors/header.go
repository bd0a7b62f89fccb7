package safetensors

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"
)

// parseHeader reads the header strictly: JSON that readers would take
// differently (a name twice, a field missing or unknown) is refused.
func parseHeader(text []byte) (map[string]entry, map[string]string, error) {
	if !utf8.Valid(text) {
		return nil, nil, errors.New("no UTF-8")
	}
	if len(text) == 0 || text[0] != '{' {
		return nil, nil, errors.New("it does not begin with '{'")
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	entries, metadata := map[string]entry{}, map[string]string(nil)
	err := object(d, func(name string) (err error) {
		if name == metadataKey {
			metadata, err = parseMetadata(d)
			return err
		}
		entries[name], err = parseEntry(d)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, nil, errors.New("text follows the JSON object")
	}
	return entries, metadata, nil
}

// object reads a JSON object; field must read the value of each name.
func object(d *json.Decoder, field func(name string) error) error {
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return fmt.Errorf("byte %d: an object should begin", d.InputOffset())
	}
	seen := map[string]bool{}
	for d.More() {
		name, err := stringToken(d)
		if err != nil {
			return err
		}
		if seen[name] {
			return fmt.Errorf("byte %d: %q is there twice", d.InputOffset(), name)
		}
		seen[name] = true
		if err := field(name); err != nil {
			return fmt.Errorf("%q: %w", name, err)
		}
	}
	_, err := d.Token()
	return err
}

func stringToken(d *json.Decoder) (string, error) {
	t, err := d.Token()
	if err != nil {
		return "", err
	}
	s, ok := t.(string)
	if !ok {
		return "", fmt.Errorf("byte %d: no string", d.InputOffset())
	}
	return s, nil
}

func parseMetadata(d *json.Decoder) (map[string]string, error) {
	metadata := map[string]string{}
	return metadata, object(d, func(name string) (err error) {
		metadata[name], err = stringToken(d)
		return err
	})
}

func parseEntry(d *json.Decoder) (entry, error) {
	var e entry
	fields := 0
	err := object(d, func(name string) error {
		fields++
		return e.field(d, name)
	})
	if err == nil && fields != 3 {
		err = errors.New("dtype, shape or data_offsets is missing")
	}
	return e, err
}

func (e *entry) field(d *json.Decoder, name string) (err error) {
	switch name {
	case "dtype":
		e.Type, err = stringToken(d)
	case "shape":
		e.Shape, err = integers(d, maxRank)
	case "data_offsets":
		var offsets []int64
		if offsets, err = integers(d, 2); err == nil && len(offsets) != 2 {
			err = errors.New("not two offsets")
		}
		copy(e.Offsets[:], offsets)
	default:
		err = errors.New("the format has no such field")
	}
	return err
}

// integers reads an array of at most limit non-negative integers.
func integers(d *json.Decoder, limit int) ([]int64, error) {
	if t, err := d.Token(); err != nil || t != json.Delim('[') {
		return nil, fmt.Errorf("byte %d: a list should begin", d.InputOffset())
	}
	list := []int64{}
	for d.More() {
		if len(list) == limit {
			return nil, fmt.Errorf("more than %d numbers", limit)
		}
		t, err := d.Token()
		if err != nil {
			return nil, err
		}
		number, _ := t.(json.Number)
		n, err := strconv.ParseUint(number.String(), 10, 62)
		if err != nil {
			return nil, fmt.Errorf("byte %d: no size", d.InputOffset())
		}
		list = append(list, int64(n))
	}
	_, err := d.Token()
	return list, err
}
