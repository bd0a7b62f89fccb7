package labels

import (
	"crypto/sha256"
	"encoding/binary"
	"strings"
)

// SplitName returns the part that a split column's value names: Train,
// Validation or Test, in upper or lower case, or "val" or "valid" for
// Validation. Another value comes back as it is.
func SplitName(value string) string {
	switch name := strings.ToLower(strings.TrimSpace(value)); name {
	case Train, Validation, Test:
		return name
	case "val", "valid":
		return Validation
	}
	return value
}

// SplitBy is an Options.Part: a row with a split goes to the part of its
// SplitName, and one without to Validation, with the probability heldOut, or to
// Train. That is decided by a hash of the URI and the seed, so that an image
// stays on its side whatever else is in the file.
func SplitBy(heldOut float64, seed uint64) func(*Row) string {
	return func(r *Row) string {
		switch {
		case r.Split != "":
			return SplitName(r.Split)
		case share(r.URI, seed) < heldOut:
			return Validation
		}
		return Train
	}
}

// share places a URI in [0,1).
func share(uri string, seed uint64) float64 {
	sum := sha256.Sum256(append(binary.LittleEndian.AppendUint64(nil, seed), uri...))
	return float64(binary.LittleEndian.Uint64(sum[:])>>11) / (1 << 53)
}
