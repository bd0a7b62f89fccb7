package model

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"math"
)

// Vocabulary is a list of C tags, each with a vector of the label space and a
// mark: seen in training or not. A tag's index is its id everywhere.
//
// It is read-only once built and then safe for concurrent use.
type Vocabulary struct {
	Tags       []string
	Seen       []bool
	Dim        int       // D, at least 1
	Vectors    []float32 // [C,D] row-major
	LabelSpace string    // name of the space the vectors come from; may be empty
}

// Len returns C, the number of tags.
func (v *Vocabulary) Len() int { return len(v.Tags) }

// Vector returns the vector of a tag; it aliases the vocabulary.
func (v *Vocabulary) Vector(id int) []float32 { return v.Vectors[id*v.Dim : (id+1)*v.Dim] }

// Lookup returns the id of a tag. It is linear in C.
func (v *Vocabulary) Lookup(tag string) (id int, ok bool) {
	for id, t := range v.Tags {
		if t == tag {
			return id, true
		}
	}
	return 0, false
}

// SeenIDs returns the ids of the tags seen in training, ascending.
func (v *Vocabulary) SeenIDs() []int32 { return v.ids(true) }

// UnseenIDs returns the ids of the other tags, ascending.
func (v *Vocabulary) UnseenIDs() []int32 { return v.ids(false) }

func (v *Vocabulary) ids(seen bool) []int32 {
	ids := []int32{}
	for id, s := range v.Seen {
		if s == seen {
			ids = append(ids, int32(id))
		}
	}
	return ids
}

// ID is the digest of tags, marks and vectors, "sha256:…". The label space's
// name is not part of it: naming a space changes no score.
func (v *Vocabulary) ID() string {
	h := sha256.New()
	h.Write([]byte("sdl vocabulary 1\n"))
	writeUint64(h, uint64(len(v.Tags)))
	writeUint64(h, uint64(v.Dim))
	for id, tag := range v.Tags {
		writeUint64(h, uint64(len(tag)))
		h.Write([]byte(tag))
		h.Write([]byte{seenByte(v.Seen[id])})
	}
	writeFloats(h, v.Vectors)
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}

func seenByte(seen bool) byte {
	if seen {
		return 1
	}
	return 0
}

func writeUint64(h hash.Hash, n uint64) {
	h.Write(binary.LittleEndian.AppendUint64(nil, n))
}

func writeFloats(h hash.Hash, values []float32) {
	buf := make([]byte, 0, 4096)
	for _, x := range values {
		buf = binary.LittleEndian.AppendUint32(buf, math.Float32bits(x))
		if len(buf) == cap(buf) {
			h.Write(buf)
			buf = buf[:0]
		}
	}
	h.Write(buf)
}
