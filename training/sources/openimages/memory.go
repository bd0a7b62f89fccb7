package openimages

import "hash/maphash"

// memory knows which ids came. It keeps 64 bits of each: among ten million ids,
// one that is new is taken for a known one with a probability of 3 in a million.
type memory struct {
	seed  maphash.Seed
	known map[uint64]struct{}
}

func newMemory() *memory {
	return &memory{seed: maphash.MakeSeed(), known: map[uint64]struct{}{}}
}

// add notes an id and tells whether it is new.
func (m *memory) add(id string) bool {
	key := maphash.String(m.seed, id)
	if _, known := m.known[key]; known {
		return false
	}
	m.known[key] = struct{}{}
	return true
}
