package torchfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/sdl-batch/sdl-batch/model/torchfile/pickle"
)

// contents is what every checkpoint format decodes to.
type contents struct {
	root    pickle.Value
	order   binary.ByteOrder
	storage func(key string) (member, error)
}

// formats are the ways in which PyTorch writes checkpoints, told apart by their
// first bytes.
var formats = []struct {
	matches func(head []byte) bool
	decode  func(r io.ReaderAt, size int64) (contents, error)
}{
	{isZip, decodeZip},
	{isLegacy, decodeLegacy},
	{isTar, decodeTar},
}

const (
	headBytes  = 512 // a tar header
	shownBytes = 16  // of the head, in an error
)

func decode(r io.ReaderAt, size int64) (contents, error) {
	head := make([]byte, max(0, min(headBytes, size)))
	if _, err := r.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return contents{}, err
	}
	for _, f := range formats {
		if f.matches(head) {
			return f.decode(r, size)
		}
	}
	return contents{}, fmt.Errorf("no PyTorch checkpoint: a file of %d bytes that begins with %q", size, head[:min(shownBytes, len(head))])
}

func isZip(head []byte) bool { return bytes.HasPrefix(head, []byte("PK\x03\x04")) }

// legacyMagic is the first pickle of the stream format: protocol 2 (the byte
// before it may name another) and PyTorch's 80-bit magic number.
var legacyMagic = []byte("\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.")

func isLegacy(head []byte) bool {
	return len(head) > 2 && head[0] == 0x80 && bytes.HasPrefix(head[2:], legacyMagic)
}

// tarMagic is where a tar header says what it is.
const tarMagic = 257

func isTar(head []byte) bool {
	return len(head) > tarMagic && bytes.HasPrefix(head[tarMagic:], []byte("ustar"))
}

func decodeTar(io.ReaderAt, int64) (contents, error) {
	return contents{}, errors.New("a tar archive: PyTorch before version 0.1.10 wrote checkpoints so, which are not read; " +
		"load it with PyTorch and save it again, or unpack the checkpoint from the archive")
}
