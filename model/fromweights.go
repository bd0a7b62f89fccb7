package model

import (
	"bytes"
	"fmt"

	"github.com/sdl-batch/sdl-batch/model/safetensors"
)

// FromWeights makes a bundle, in memory, of a description and its weights alone:
// the graph is written anew. So a program can carry a model without carrying
// its parameters twice.
func FromWeights(description, weights []byte) (*Bundle, error) {
	d, err := DecodeDescription(description)
	if err != nil {
		return nil, err
	}
	if fileOf(weightsName, weights) != d.Files.Weights {
		return nil, fmt.Errorf("%w bundle: the weights are not those of the description", ErrCorrupt)
	}
	params, _, err := safetensors.Read(bytes.NewReader(weights), int64(len(weights)))
	if err != nil {
		return nil, fmt.Errorf("%w bundle: %w", ErrCorrupt, err)
	}
	arch, _, err := (&Bundle{Description: *d, source: memory{}}).Network()
	if err != nil {
		return nil, err
	}
	return d.assemble(arch, params)
}
