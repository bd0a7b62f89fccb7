package model

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
)

// vector is written to JSON as the base64 of its little-endian float32 values:
// exact, and one line instead of hundreds.
type vector []float32

// MarshalJSON implements json.Marshaler.
func (x vector) MarshalJSON() ([]byte, error) {
	raw := make([]byte, 0, 4*len(x))
	for _, value := range x {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(value))
	}
	return json.Marshal(base64.StdEncoding.EncodeToString(raw))
}

// UnmarshalJSON implements json.Unmarshaler.
func (x *vector) UnmarshalJSON(text []byte) error {
	var encoded string
	if err := json.Unmarshal(text, &encoded); err != nil {
		return fmt.Errorf("vector: want base64 text: %w", err)
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil {
		return fmt.Errorf("vector: %w", err)
	}
	if len(raw)%4 != 0 {
		return fmt.Errorf("vector: %d bytes are no whole number of float32 values", len(raw))
	}
	*x = make(vector, len(raw)/4)
	for i := range *x {
		(*x)[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return nil
}
