package torchfile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/sdl-batch/sdl-batch/model/torchfile/pickle"
)

// legacyProtocol is the number of the stream format, its second pickle.
const legacyProtocol = 1001

// decodeLegacy reads the stream format, which PyTorch wrote before version 1.6
// and writes when asked to (torch/serialization.py, _legacy_save): pickles of
// the magic number, the protocol, the writer's machine, the object and the keys
// of its storages; then the storages in the order of the keys.
//
// The numbers are little-endian, whatever the machine says of itself: PyTorch
// turns them round when it writes, and ignores that pickle when it reads.
func decodeLegacy(r io.ReaderAt, size int64) (contents, error) {
	s := &stream{r: r, size: size}
	if err := s.header(); err != nil {
		return contents{}, err
	}
	root, known, err := s.object()
	if err != nil {
		return contents{}, err
	}
	keys, err := s.next(plainHost)
	if err != nil {
		return contents{}, fmt.Errorf("the keys of the storages: %w", err)
	}
	blocks, err := s.blocks(keys, known)
	if err != nil {
		return contents{}, err
	}
	return contents{root: root, order: binary.LittleEndian, storage: blocks.find}, nil
}

// header passes over the pickles in front of the object.
func (s *stream) header() error {
	if _, err := s.next(plainHost); err != nil {
		return fmt.Errorf("the magic number: %w", err)
	}
	protocol, err := s.next(plainHost)
	if err != nil {
		return fmt.Errorf("the protocol: %w", err)
	}
	if protocol != pickle.Value(int64(legacyProtocol)) {
		return fmt.Errorf("the stream format has protocol %v, want %d", protocol, legacyProtocol)
	}
	if _, err := s.next(plainHost); err != nil {
		return fmt.Errorf("the writer's machine: %w", err)
	}
	return nil
}

// object reads the object and the storages that it names, by their keys.
func (s *stream) object() (root pickle.Value, known storages, err error) {
	root, err = s.next(func() pickle.Host {
		known = storages{}
		return pickle.Host{Call: callTorch, Persistent: known.persistent}
	})
	if err != nil {
		return nil, nil, fmt.Errorf("the object: %w", err)
	}
	return root, known, nil
}

func plainHost() pickle.Host { return pickle.Host{} }

// storages are those that an object names, by their keys.
type storages map[string]*storage

// persistent is storageOf, kept in mind; an id of a module stands for its class.
func (known storages) persistent(id pickle.Value) (pickle.Value, error) {
	if t, ok := id.(pickle.Tuple); ok && len(t) > 1 && t[0] == pickle.Value("module") {
		if class, ok := t[1].(pickle.Global); ok {
			return class, nil
		}
	}
	v, err := storageOf(id)
	s, ok := v.(*storage)
	if err != nil || !ok {
		return v, err
	}
	if prior := known[s.key]; prior != nil && (prior.class != s.class || prior.total != s.total) {
		return nil, errors.New("one storage in two sizes or types")
	}
	known[s.key] = s
	return s, nil
}

// stream reads the pickles that a file begins with, one behind the other.
type stream struct {
	r         io.ReaderAt
	size, pos int64
}

// firstPart is what is read at first of a pickle, in bytes.
const firstPart = 64 << 10

// next runs the pickle at pos and goes behind it. Nothing tells a pickle's
// length, so parts of growing length are tried, each with a host of its own.
func (s *stream) next(host func() pickle.Host) (pickle.Value, error) {
	left := min(s.size-s.pos, pickleLimits.InputBytes)
	for part := int64(firstPart); ; part *= 4 {
		data := make([]byte, min(part, left))
		if _, err := s.r.ReadAt(data, s.pos); err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		v, length, err := pickle.Load(data, host(), pickleLimits)
		switch {
		case err == nil:
			s.pos += int64(length)
			return v, nil
		case !errors.Is(err, pickle.ErrEnd):
			return nil, err
		case part < left: // more of it is there
		case left < s.size-s.pos:
			return nil, fmt.Errorf("a pickle of more than %d bytes", left)
		default:
			return nil, fmt.Errorf("checkpoint is truncated at byte %d: %w", s.size, err)
		}
	}
}
