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
