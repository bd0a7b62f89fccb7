package labels

import (
	"bufio"
	"errors"
	"fmt"
	"os"
)

// scratch is a file without a name: it is gone when it is closed, or when the
// process ends in whatever way. It is written from front to end, flushed, and
// then read at any place by any number of goroutines.
type scratch struct {
	file *os.File
	out  *bufio.Writer
	len  int64
}

func newScratch(folder string) (*scratch, error) {
	file, err := os.CreateTemp(folder, "sdl-labels-*")
	if err != nil {
		return nil, fmt.Errorf("scratch file: %w", err)
	}
	if err := os.Remove(file.Name()); err != nil {
		return nil, fmt.Errorf("scratch file: %w", errors.Join(err, file.Close()))
	}
	return &scratch{file: file, out: bufio.NewWriterSize(file, 1<<16)}, nil
}

func (s *scratch) append(b []byte) error {
	s.len += int64(len(b))
	if _, err := s.out.Write(b); err != nil {
		return fmt.Errorf("scratch file: %w", err)
	}
	return nil
}

func (s *scratch) flush() error {
	if err := s.out.Flush(); err != nil {
		return fmt.Errorf("scratch file: %w", err)
	}
	s.out = nil
	return nil
}

// readAt reads exactly len(b) bytes.
func (s *scratch) readAt(b []byte, at int64) error {
	if _, err := s.file.ReadAt(b, at); err != nil {
		return fmt.Errorf("scratch file: %w", err)
	}
	return nil
}

func (s *scratch) close() error { return s.file.Close() }
