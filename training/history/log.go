package history

import (
	"encoding/json"
	"fmt"
	"io"
)

// Log appends events to a stream, one Write of one line each. It is for one
// goroutine at a time.
type Log struct{ w io.Writer }

// NewLog returns a log that writes to w.
func NewLog(w io.Writer) *Log { return &Log{w} }

// File is what a log can go on in; *os.File is one.
type File interface {
	io.ReadWriteSeeker
	Truncate(size int64) error
}

// Resume reads a log, cuts off a torn last line and returns what was told and a
// Log that goes on behind it. An empty file is an empty log.
func Resume(f File) (*Log, *History, error) {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, nil, fmt.Errorf("training log: %w", err)
	}
	h, whole, err := read(f)
	if err != nil {
		return nil, nil, err
	}
	if err := f.Truncate(whole); err != nil {
		return nil, nil, fmt.Errorf("training log: cut off a torn line: %w", err)
	}
	if _, err := f.Seek(whole, io.SeekStart); err != nil {
		return nil, nil, fmt.Errorf("training log: %w", err)
	}
	return NewLog(f), h, nil
}

// Step appends a step.
func (l *Log) Step(s Step) error { return l.append(s.line()) }

// Epoch appends a validation.
func (l *Log) Epoch(e Epoch) error { return l.append(e.line()) }

// Drop appends a dropped image.
func (l *Log) Drop(d Drop) error { return l.append(dropLine{dropEvent, d}) }

func (l *Log) append(line any) error {
	text, err := json.Marshal(line)
	if err != nil {
		return fmt.Errorf("training log: %w", err)
	}
	if _, err := l.w.Write(append(text, '\n')); err != nil {
		return fmt.Errorf("training log: %w", err)
	}
	return nil
}

// Encode writes a history as a log whose reading gives it back.
func (h *History) Encode(w io.Writer) error {
	log, epochs := NewLog(w), h.Epochs
	for _, d := range h.Drops {
		if err := log.Drop(d); err != nil {
			return err
		}
	}
	for _, s := range h.Steps {
		for ; len(epochs) > 0 && epochs[0].Step < s.Step; epochs = epochs[1:] {
			if err := log.Epoch(epochs[0]); err != nil {
				return err
			}
		}
		if err := log.Step(s); err != nil {
			return err
		}
	}
	for _, e := range epochs {
		if err := log.Epoch(e); err != nil {
			return err
		}
	}
	return nil
}
