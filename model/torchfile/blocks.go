package torchfile

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/sdl-batch/sdl-batch/model/torchfile/pickle"
)

// blocks are the storages of a legacy checkpoint, by their keys.
type blocks struct {
	members map[string]member
	stopped string // why no storage behind those is found, or ""
}

// countBytes is the length of the number in front of a storage: how many
// numbers it has.
const countBytes = 8

// blocks finds the storages, which follow in the order of keys. A storage of
// unknown type hides those behind it.
func (s *stream) blocks(keys pickle.Value, known storages) (*blocks, error) {
	names, err := Strings(keys)
	if err != nil {
		return nil, fmt.Errorf("the keys of the storages: %w", err)
	}
	b := &blocks{members: make(map[string]member, len(names))}
	for _, key := range names {
		block := known[key]
		if block == nil {
			return nil, fmt.Errorf("storage %q belongs to no tensor", key)
		}
		width := block.width()
		if width == 0 {
			b.stopped = fmt.Sprintf("it may lie behind storage %q of type %s, whose length is not known", key, block.class)
			return b, nil
		}
		if _, twice := b.members[key]; twice {
			return nil, fmt.Errorf("storage %q is there twice", key)
		}
		if b.members[key], err = s.block(block, width); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// block is the storage at pos, whose numbers have width bytes each.
func (s *stream) block(b *storage, width int) (member, error) {
	var head [countBytes]byte
	if _, err := s.r.ReadAt(head[:], s.pos); err != nil && s.size-s.pos < countBytes {
		return member{}, fmt.Errorf("checkpoint is truncated at byte %d: storage %q begins at %d", s.size, b.key, s.pos)
	} else if err != nil {
		return member{}, err
	}
	if count := binary.LittleEndian.Uint64(head[:]); count != uint64(b.total) {
		return member{}, fmt.Errorf("storage %q at byte %d has %d numbers, not %d", b.key, s.pos, count, b.total)
	}
	begin := s.pos + countBytes
	if int64(b.total) > (s.size-begin)/int64(width) {
		return member{}, fmt.Errorf("checkpoint is truncated at byte %d: storage %q begins at %d and has %d numbers", s.size, b.key, begin, b.total)
	}
	length := int64(b.total) * int64(width)
	s.pos = begin + length
	return member{name: fmt.Sprintf("storage %q", b.key), SectionReader: io.NewSectionReader(s.r, begin, length)}, nil
}

func (b *blocks) find(key string) (member, error) {
	m, ok := b.members[key]
	switch {
	case ok:
		return m, nil
	case b.stopped != "":
		return member{}, fmt.Errorf("storage %q is not read: %s", key, b.stopped)
	}
	return member{}, fmt.Errorf("the checkpoint has no storage %q", key)
}

// passedOver are the bytes of a number of the types that are not read.
var passedOver = map[string]int{
	"ComplexFloatStorage": 8, "ComplexDoubleStorage": 16,
	"QInt8Storage": 1, "QUInt8Storage": 1, "QInt32Storage": 4,
}

// width is the bytes of one number, 0 where the type is unknown.
func (s *storage) width() int {
	if size := s.kind.Size(); size > 0 {
		return size
	}
	if s.class.Module == "torch" || s.class.Module == "torch.cuda" {
		return passedOver[s.class.Name]
	}
	return 0
}
