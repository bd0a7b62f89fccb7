package manifest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/sdl-batch/sdl-batch/storage"
)

// jsonHead learns from the first lines which keys the rows of a manifest have:
// programs leave out keys that are null, so that one line does not tell.
type jsonHead struct {
	columns Columns
	read    int // lines
	bytes   int
	good    int // lines that are an object or a string
	keys    map[string]bool
	wrong   error // of the first line that is neither
}

const (
	headLines = 1000
	headBytes = 1 << 20
)

func (h *jsonHead) full() bool { return h.read >= headLines || h.bytes >= headBytes }

func (h *jsonHead) add(l *lines) {
	h.read++
	h.bytes += len(l.text)
	if l.long {
		h.note(fmt.Errorf("line %d is longer than %d bytes", l.line, l.most))
		return
	}
	if bytes.HasPrefix(bytes.TrimSpace(l.text), []byte(`"`)) && json.Valid(l.text) {
		h.good++
		return
	}
	object, err := parseObject(l.text, nil)
	if err != nil {
		h.note(fmt.Errorf("line %d: %w", l.line, err))
		return
	}
	h.good++
	if h.keys == nil {
		h.keys = map[string]bool{}
	}
	for key := range object {
		h.keys[key] = true
	}
}

func (h *jsonHead) note(wrong error) {
	if h.wrong == nil {
		h.wrong = wrong
	}
}

// names returns the keys, sorted. A manifest without a line that is JSON is an
// error: it is something else.
func (h *jsonHead) names() ([]string, error) {
	if h.read > 0 && h.good == 0 {
		return nil, fmt.Errorf("none of the first %d lines is a JSON object or a string; %w: %w", h.read, h.wrong, storage.ErrInvalid)
	}
	return slices.Sorted(maps.Keys(h.keys)), nil
}
