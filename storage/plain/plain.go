// Package plain reads files as they were before they were compressed.
package plain

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/sdl-batch/sdl-batch/storage"
)

var (
	// ErrTruncated: a compressed file ends in the middle.
	ErrTruncated = errors.New("the compressed file ends in the middle")
	// ErrDamaged: what begins like a compressed file is none.
	ErrDamaged = errors.New("the compressed file is damaged")
	// ErrWindow: a zstd stream wants its reader to remember more than maxWindow.
	ErrWindow = fmt.Errorf("the zstd file asks for more than %d MiB of memory: compress it without --long, or copy it again if it is damaged: %w", maxWindow>>20, storage.ErrUnsupported)
)

// maxWindow bounds what a zstd stream may make its reader remember, in bytes:
// what `zstd --ultra` asks for without --long.
const maxWindow = 128 << 20

// Reader reads the plain content of a file. It belongs to one goroutine.
type Reader struct {
	in    io.Reader
	file  *source
	kind  string
	close func() // nil for a file that is not compressed
}

// Compression is "gzip", "zstd" or, of a file that is not compressed, "".
func (p *Reader) Compression() string { return p.kind }

// NewReader tells by the first bytes whether r is gzip, of one member or more,
// or zstd, and reads what is in it; anything else is read as it is. It starts no
// goroutine. Close frees its memory and leaves r open.
func NewReader(r io.Reader) (*Reader, error) {
	file := &source{r: r}
	in := bufio.NewReaderSize(file, 64<<10)
	head, err := in.Peek(4)
	if err != nil && err != io.EOF {
		return nil, err
	}
	p := &Reader{in: in, file: file}
	switch {
	case bytes.HasPrefix(head, []byte("\x1f\x8b")):
		err = p.gzip(in)
	case bytes.HasPrefix(head, []byte("\x28\xb5\x2f\xfd")), skippable(head):
		err = p.zstd(in)
	default:
		err = nil
	}
	if err != nil {
		return nil, p.broken(err)
	}
	return p, nil
}

// skippable tells whether a zstd file begins with a frame of no content, as those
// do that were compressed in parallel.
func skippable(head []byte) bool {
	return len(head) == 4 && head[0]&0xf0 == 0x50 && bytes.Equal(head[1:], []byte("\x2a\x4d\x18"))
}

func (p *Reader) gzip(in io.Reader) error {
	z, err := gzip.NewReader(in)
	if err == nil {
		p.in, p.kind, p.close = z, "gzip", func() { z.Close() }
	}
	return err
}

func (p *Reader) zstd(in io.Reader) error {
	z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderLowmem(true))
	if err == nil {
		p.in, p.kind, p.close = z, "zstd", z.Close
	}
	return err
}

// Read implements io.Reader. What is wrong with the compression is ErrTruncated,
// ErrDamaged or ErrWindow; errors of the file below stay what they are.
func (p *Reader) Read(b []byte) (int, error) {
	n, err := p.in.Read(b)
	if err != nil && err != io.EOF {
		err = p.broken(err)
	}
	return n, err
}

// Close frees what the decompression holds.
func (p *Reader) Close() error {
	if p.close != nil {
		p.close()
	}
	return nil
}

// broken tells a fault of the compression from one of the file below.
func (p *Reader) broken(err error) error {
	switch {
	case p.file.err != nil:
		return p.file.err
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return ErrTruncated
	case errors.Is(err, zstd.ErrWindowSizeExceeded):
		return ErrWindow
	}
	return fmt.Errorf("%w: %w", ErrDamaged, err)
}

// source remembers how reading a file failed.
type source struct {
	r   io.Reader
	err error
}

func (s *source) Read(b []byte) (int, error) {
	n, err := s.r.Read(b)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}
