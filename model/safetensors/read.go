package safetensors

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/sdl-batch/sdl-batch/model/tensor"
)

// Read reads all tensors and the metadata of the file in the first size bytes of
// r. F16, BF16 and F64 are converted. The numbers must fill the file without
// gaps or overlaps, so no more is allocated than the file is large, times two
// for half precision, and the header's size besides.
func Read(r io.ReaderAt, size int64) (map[string]tensor.Tensor, map[string]string, error) {
	text, err := readHeader(r, size)
	if err != nil {
		return nil, nil, fmt.Errorf("safetensors: %w", err)
	}
	entries, metadata, err := parseHeader(text)
	if err != nil {
		return nil, nil, fmt.Errorf("safetensors: header: %w", err)
	}
	data := io.NewSectionReader(r, lengthBytes+int64(len(text)), size-lengthBytes-int64(len(text)))
	if err := checkLayout(entries, data.Size()); err != nil {
		return nil, nil, fmt.Errorf("safetensors: %w", err)
	}
	tensors := make(map[string]tensor.Tensor, len(entries))
	for name, e := range entries {
		if tensors[name], err = readTensor(data, e); err != nil {
			return nil, nil, fmt.Errorf("safetensors: tensor %q: %w", name, err)
		}
	}
	return tensors, metadata, nil
}

func readHeader(r io.ReaderAt, size int64) ([]byte, error) {
	if size < lengthBytes {
		return nil, fmt.Errorf("the file is truncated at byte %d, within the length of the header", size)
	}
	var length [lengthBytes]byte
	if err := readAt(r, length[:], 0); err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint64(length[:])
	if n > maxHeaderBytes {
		return nil, fmt.Errorf("a header of %d bytes exceeds the limit of %d", n, maxHeaderBytes)
	}
	if int64(n) > size-lengthBytes {
		return nil, fmt.Errorf("the file is truncated at byte %d, within its header of %d bytes", size, n)
	}
	text := make([]byte, n)
	return text, readAt(r, text, lengthBytes)
}

func readAt(r io.ReaderAt, p []byte, off int64) error {
	n, err := r.ReadAt(p, off)
	if n == len(p) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("read at byte %d: %w", off, err)
}

// checkLayout requires tensors of the right size that fill size bytes exactly.
func checkLayout(entries map[string]entry, size int64) error {
	names := slices.SortedFunc(maps.Keys(entries), func(a, b string) int {
		x, y := entries[a].Offsets, entries[b].Offsets
		return cmp.Or(cmp.Compare(x[0], y[0]), cmp.Compare(x[1], y[1]), cmp.Compare(a, b))
	})
	var end int64
	for _, name := range names {
		e := entries[name]
		if err := e.check(); err != nil {
			return fmt.Errorf("tensor %q: %w", name, err)
		}
		if e.Offsets[0] != end {
			return fmt.Errorf("tensor %q begins at byte %d of the numbers, not at %d, where the one before ends", name, e.Offsets[0], end)
		}
		if end = e.Offsets[1]; end > size {
			return fmt.Errorf("the file is truncated: tensor %q ends at byte %d of the numbers, which have %d", name, end, size)
		}
	}
	if end != size {
		return fmt.Errorf("%d bytes follow the last tensor", size-end)
	}
	return nil
}

// check compares the offsets with type and shape.
func (e entry) check() error {
	t, ok := elementTypes[e.Type]
	if !ok {
		return fmt.Errorf("type %.20q is not read, only F16, BF16, F32 and F64", e.Type)
	}
	count, err := countOf(e.Shape)
	if err != nil {
		return err
	}
	if want, got := count*int64(t.Size()), e.Offsets[1]-e.Offsets[0]; e.Offsets[0] < 0 || want != got {
		return fmt.Errorf("bytes %d to %d are no %v of %s, which takes %d", e.Offsets[0], e.Offsets[1], e.Shape, e.Type, want)
	}
	return nil
}

func readTensor(data *io.SectionReader, e entry) (tensor.Tensor, error) {
	kind := elementTypes[e.Type]
	length := e.Offsets[1] - e.Offsets[0]
	section := io.NewSectionReader(data, e.Offsets[0], length)
	values, err := kind.ReadFloats(section, int(length)/kind.Size(), binary.LittleEndian)
	if err != nil {
		return tensor.Tensor{}, err
	}
	t := tensor.Tensor{Shape: make([]int, len(e.Shape)), Values: values}
	for i, d := range e.Shape {
		t.Shape[i] = int(d)
	}
	return t, nil
}
