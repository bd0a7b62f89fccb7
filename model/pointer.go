package model

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"time"
)

// PointerVersion is the version of pointers that this program writes; it reads
// no other.
const PointerVersion = 1

// Pointer is the content of a small object that lies beside bundles' folders and
// names the current one of them, and why it is that.
type Pointer struct {
	FormatVersion int `json:"format_version"`
	Pointed
	PromotedAt   time.Time          `json:"promoted_at,omitzero"`
	Previous     *Pointed           `json:"previous,omitempty"` // what it named before
	Metrics      map[string]float64 `json:"metrics,omitempty"`  // percent, as evaluated when it was promoted
	Requirements []string           `json:"requirements,omitempty"`
	Labels       string             `json:"labels,omitempty"` // digest of the labels it was evaluated on
	Split        string             `json:"split,omitempty"`  // of their rows; "" is all
	Vocab        string             `json:"vocab,omitempty"`  // id of the vocabulary it was evaluated with
	Program      string             `json:"program,omitempty"`
}

// Pointed is a bundle in the folder of a pointer.
type Pointed struct {
	Bundle string `json:"bundle"` // name of its folder, beside the pointer
	ID     string `json:"id"`     // as Description.ID gives it
}

// Point names a bundle by its id, so that a folder of that name never holds
// another: sha256:26ff02252179… lies in sha256-26ff02252179.
func Point(id string) Pointed {
	algorithm, digest, _ := strings.Cut(id, ":")
	return Pointed{Bundle: algorithm + "-" + digest[:min(len(digest), nameDigits)], ID: id}
}

// nameDigits are the hexadecimal digits of an id that name a folder. Two bundles
// that share them are told apart when the second is written.
const nameDigits = 12

const maxPointerBytes = 1 << 20

// DecodePointer reads the text of a pointer: one JSON object of at most 1 MiB
// without unknown fields, validated. Errors are ErrInvalid.
func DecodePointer(text []byte) (*Pointer, error) {
	if len(text) > maxPointerBytes {
		return nil, fmt.Errorf("%w pointer: %d bytes, at most %d are read", ErrInvalid, len(text), maxPointerBytes)
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	p := &Pointer{}
	if err := dec.Decode(p); err != nil {
		return nil, fmt.Errorf("%w pointer: %w", ErrInvalid, readableJSONError(err))
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w pointer: text after the object", ErrInvalid)
	}
	return p, p.Validate()
}

// Encode validates p and returns its text.
func (p *Pointer) Encode() ([]byte, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	var text bytes.Buffer
	to := json.NewEncoder(&text)
	to.SetIndent("", "  ")
	to.SetEscapeHTML(false) // requirements hold < and >
	if err := to.Encode(p); err != nil {
		return nil, fmt.Errorf("encode pointer: %w", err)
	}
	return text.Bytes(), nil
}

// Validate reports every problem at once as ErrInvalid.
func (p *Pointer) Validate() error {
	var found problems
	if p.FormatVersion != PointerVersion {
		found.addf("format_version is %d, this program reads %d", p.FormatVersion, PointerVersion)
	}
	p.Pointed.validate(&found, "")
	if p.Previous != nil {
		p.Previous.validate(&found, "previous.")
	}
	for name, value := range p.Metrics {
		if math.IsNaN(value) || math.IsInf(value, 0) {
			found.addf("metrics[%q] is %v", name, value)
		}
	}
	return found.err("pointer")
}

// validate refuses what could lead out of the pointer's folder.
func (p Pointed) validate(found *problems, prefix string) {
	if !safeName(p.Bundle) {
		found.addf("%sbundle %q is not a plain name beside the pointer", prefix, p.Bundle)
	}
	digest, ok := strings.CutPrefix(p.ID, "sha256:")
	if raw, err := hex.DecodeString(digest); !ok || err != nil || len(raw) != 32 {
		found.addf("%sid %q is not sha256: and 64 hexadecimal digits", prefix, p.ID)
	}
}
