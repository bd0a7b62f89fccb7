package model

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

const (
	descriptionName     = "model.json"
	maxDescriptionBytes = 4 << 20
)

// DecodeDescription reads the text of model.json: one JSON object of at most
// 4 MiB without unknown fields, validated. Errors are ErrInvalid.
func DecodeDescription(text []byte) (*Description, error) {
	if len(text) > maxDescriptionBytes {
		return nil, fmt.Errorf("%w %s: %d bytes, at most %d are read", ErrInvalid, descriptionName, len(text), maxDescriptionBytes)
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	d := &Description{}
	if err := dec.Decode(d); err != nil {
		return nil, fmt.Errorf("%w %s: %w", ErrInvalid, descriptionName, readableJSONError(err))
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w %s: text after the object", ErrInvalid, descriptionName)
	}
	if err := d.Validate(); err != nil {
		return nil, err
	}
	return d, nil
}

// readableJSONError says that a text ended early in words, not as EOF, and of a
// value of another kind where it stands, not which type of ours it has no place in.
func readableJSONError(err error) error {
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		return fmt.Errorf("%s holds a value of kind %s, which has no place there (byte %d)", cmp.Or(kind.Field, "the text"), kind.Value, kind.Offset)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the text ends before the object does")
	}
	return err
}

// Encode validates d and returns the text of model.json.
func (d *Description) Encode() ([]byte, error) {
	if err := d.Validate(); err != nil {
		return nil, err
	}
	text, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", descriptionName, err)
	}
	if text = append(text, '\n'); len(text) > maxDescriptionBytes {
		return nil, fmt.Errorf("%w %s: %d bytes, at most %d are read", ErrInvalid, descriptionName, len(text), maxDescriptionBytes)
	}
	return text, nil
}
