package torchfile

import (
	"fmt"
	"strings"

	"github.com/sdl-batch/sdl-batch/model/torchfile/pickle"
)

// Bounds on walking nested dicts, which may share parts or hold themselves.
const (
	maxDepth     = 8
	maxVisits    = 1 << 17
	maxNameBytes = 512
)

// valuesPerByte bounds the values of all tensors, ties included, by the size of
// the file: tensors that share a storage could otherwise be read without end.
// Small files have freeValues besides.
const (
	valuesPerByte = 4
	freeValues    = 16 << 20
)

// stateDict is the tensors found in a checkpoint, nested dicts flattened.
type stateDict struct {
	key     string
	names   []string
	tensors map[string]*view
	opaque  map[string]*pickle.Opaque
	visits  int
	left    int64 // values that may still be added
}

// findStateDict returns the first of the named parts that holds a tensor, in a
// file of size bytes.
func findStateDict(root pickle.Value, size int64, keys []string) (stateDict, error) {
	var seen []string
	for _, key := range keys {
		part, ok := partOf(root, key)
		if !ok {
			continue
		}
		s := stateDict{
			key: key, tensors: map[string]*view{}, opaque: map[string]*pickle.Opaque{},
			left: freeValues + valuesPerByte*size,
		}
		if err := s.walk(part, "", 0); err != nil {
			return stateDict{}, fmt.Errorf("state dict %q: %w", key, err)
		}
		if len(s.names) > 0 {
			return s, nil
		}
		seen = append(seen, fmt.Sprintf("%q: %s without tensors", key, pickle.Kind(part)))
	}
	return stateDict{}, fmt.Errorf("no state dict under any of %q (%s)", keys, strings.Join(seen, "; "))
}

func partOf(root pickle.Value, key string) (pickle.Value, bool) {
	if key == "" {
		return root, true
	}
	d, ok := root.(*pickle.Dict)
	if !ok {
		return nil, false
	}
	return d.Get(key)
}

func (s *stateDict) walk(part pickle.Value, prefix string, depth int) error {
	d, ok := part.(*pickle.Dict)
	if !ok {
		return nil
	}
	if depth == maxDepth {
		return fmt.Errorf("dicts are nested more than %d deep", maxDepth)
	}
	for k, v := range d.All() {
		if s.visits++; s.visits > maxVisits {
			return fmt.Errorf("more than %d entries", maxVisits)
		}
		if key, ok := k.(string); ok {
			if err := s.add(prefix+key, v, depth); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *stateDict) add(name string, v pickle.Value, depth int) error {
	if len(name) > maxNameBytes {
		return fmt.Errorf("a name of %d bytes", len(name))
	}
	switch v := v.(type) {
	case *pickle.Dict:
		return s.walk(v, name+".", depth+1)
	case *pickle.Opaque:
		s.opaque[name] = v
	case *view:
		return s.addTensor(name, v)
	}
	return nil
}

func (s *stateDict) addTensor(name string, v *view) error {
	if s.tensors[name] != nil {
		return fmt.Errorf("tensor %q is there twice", name)
	}
	if s.left -= int64(v.count); s.left < 0 {
		return fmt.Errorf("tensor %q: the tensors have far more values than the file", name)
	}
	s.tensors[name] = v
	s.names = append(s.names, name)
	return nil
}

func (s *stateDict) find(name string) (*view, error) {
	if v := s.tensors[name]; v != nil {
		return v, nil
	}
	if o := s.opaque[name]; o != nil {
		return nil, fmt.Errorf("tensor %q depends on %s, which is not read", name, o.Origin)
	}
	return nil, fmt.Errorf("the checkpoint has no tensor %q", name)
}
