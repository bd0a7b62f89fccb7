// Package safetensors writes and reads the safetensors format: the length of a
// header (8 bytes, little-endian), the header (JSON: each tensor's type, shape
// and place), and the numbers, little-endian, row-major, back to back.
package safetensors

import "github.com/sdl-batch/sdl-batch/model/torchfile/element"

const (
	lengthBytes    = 8
	maxHeaderBytes = 16 << 20 // the format allows 100,000,000
	maxRank        = 32
	metadataKey    = "__metadata__"
	alignment      = 8
)

// entry is one tensor in the header. Offsets count from the end of the header.
type entry struct {
	Type    string   `json:"dtype"`
	Shape   []int64  `json:"shape"`
	Offsets [2]int64 `json:"data_offsets"`
}

var elementTypes = map[string]element.Type{
	"F16": element.Float16, "BF16": element.BFloat16, "F32": element.Float32, "F64": element.Float64,
}
