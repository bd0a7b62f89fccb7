package torchfile

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"math"

	"github.com/sdl-batch/sdl-batch/model/torchfile/element"
)

// view is a tensor: a strided window on a storage. Its numbers are in the file.
type view struct {
	storage       *storage
	offset        int
	shape, stride []int
	count         int // elements
	span          int // numbers of the storage from the first to the last element
}

func (*view) String() string { return "tensor" }

// maxExpanded bounds a tensor that repeats elements: any other has no more
// elements than its storage has numbers.
const maxExpanded = 1 << 20

// newView checks that the window lies within the storage.
func newView(s *storage, offset int, shape, stride []int) (*view, error) {
	count, ok := elementCount(shape)
	if !ok || len(stride) != len(shape) || offset < 0 {
		return nil, fmt.Errorf("a tensor of shape %v and stride %v at %d is impossible", shape, stride, offset)
	}
	v := &view{storage: s, offset: offset, shape: shape, stride: stride, count: count}
	if count == 0 {
		return v, nil
	}
	last, ok := lastIndex(offset, shape, stride)
	if !ok || last >= s.count {
		return nil, fmt.Errorf("a tensor of shape %v and stride %v at %d exceeds its storage of %d numbers", shape, stride, offset, s.count)
	}
	if count > max(s.count, maxExpanded) {
		return nil, fmt.Errorf("a tensor of shape %v repeats the %d numbers of its storage too often", shape, s.count)
	}
	v.span = last - offset + 1
	return v, nil
}

type readNumbers[N any] func(t element.Type, r io.Reader, count int, order binary.ByteOrder) ([]N, error)

// readView returns the elements in row-major order. A tensor that is not stored
// so needs room for its span besides.
func readView[N any](c contents, v *view, read readNumbers[N]) ([]N, error) {
	if v.count == 0 {
		return []N{}, nil
	}
	m, err := c.storage(v.storage.key)
	if err != nil {
		return nil, err
	}
	if err := v.storage.checkSize(m); err != nil {
		return nil, err
	}
	numbers, err := readSpan(c, v, m, read)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", m.name, err)
	}
	if rowMajor(v.shape, v.stride) {
		return numbers, nil
	}
	return gather(numbers, v.shape, v.stride, v.count), nil
}

// readSpan checks the checksum where the tensor covers its storage.
func readSpan[N any](c contents, v *view, m member, read readNumbers[N]) ([]N, error) {
	size := v.storage.kind.Size()
	length := int64(v.span * size)
	crc := crc32.NewIEEE()
	source := io.TeeReader(io.NewSectionReader(m, int64((v.storage.first+v.offset)*size), length), crc)
	numbers, err := read(v.storage.kind, source, v.span, c.order)
	if err == nil && length == m.Size() {
		err = m.check(crc.Sum32())
	}
	return numbers, err
}

// checkSize compares the size of a storage with its member's.
func (s *storage) checkSize(m member) error {
	size := s.kind.Size()
	if s.total > math.MaxInt/size || int64(s.total*size) > m.Size() {
		return fmt.Errorf("%s has %d bytes, too few for %d numbers of %s", m.name, m.Size(), s.total, s.kind)
	}
	if m.Size()-int64(s.total*size) >= int64(size) {
		return fmt.Errorf("%s has %d bytes, too many for %d numbers of %s", m.name, m.Size(), s.total, s.kind)
	}
	return nil
}
