package history

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// maxLine bounds a line in memory.
const maxLine = 1 << 20

// Read reads a log. A last line without its end is one that a crash cut off: it
// is ignored. Events of unknown names are skipped; any other line that is none
// is an error that tells its number.
func Read(r io.Reader) (*History, error) {
	h := &History{}
	lines := bufio.NewReaderSize(r, maxLine)
	for n := 1; ; n++ {
		line, err := lines.ReadSlice('\n')
		if errors.Is(err, io.EOF) {
			return h, nil
		}
		if err == nil {
			err = h.add(line)
		}
		if err != nil {
			return nil, fmt.Errorf("training log, line %d: %w", n, err)
		}
	}
}

func (h *History) add(line []byte) error {
	var kind struct {
		Event string `json:"event"`
	}
	if err := json.Unmarshal(line, &kind); err != nil {
		return err
	}
	switch kind.Event {
	case stepEvent:
		return told(line, func(l stepLine) { h.AddStep(l.step()) })
	case epochEvent:
		return told(line, func(l epochLine) { h.AddEpoch(l.epoch()) })
	case dropEvent:
		return told(line, func(l dropLine) { h.AddDrop(l.Drop) })
	case "":
		return errors.New("no event")
	}
	return nil
}

// told passes on what a line says.
func told[T any](line []byte, add func(T)) error {
	var l T
	if err := json.Unmarshal(line, &l); err != nil {
		return err
	}
	add(l)
	return nil
}
