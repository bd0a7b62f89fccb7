package scenes

import (
	_ "embed"
	"fmt"

	"github.com/sdl-batch/sdl-batch/model"
	"github.com/sdl-batch/sdl-batch/model/tresnet"
)

// LabelSpace is the name of the space that the tags' vectors span.
const LabelSpace = "sdl-scenes-2"

// Vocabulary returns the scenes' tags.
func Vocabulary() *model.Vocabulary {
	v := &model.Vocabulary{Dim: Dim, LabelSpace: LabelSpace}
	for _, t := range Tags() {
		v.Tags, v.Seen = append(v.Tags, t.Name), append(v.Seen, t.Seen)
		v.Vectors = append(v.Vectors, t.Vector...)
	}
	return v
}

// Architecture is the network that the scenes are small enough for.
var Architecture = tresnet.Architecture{Layers: [4]int{1, 1, 1, 1}, Width: 0.25, Rows: 7, Dim: Dim, InputSize: 64}

// The model that the program carries: trained on 10,000 scenes by `make
// default-model`. Its graph is written from the weights.
var (
	//go:embed default/model.json
	defaultDescription []byte
	//go:embed default/weights.safetensors
	defaultWeights []byte
)

// Default returns the bundle and vocabulary that a labelling uses when it is
// told of none.
func Default() (*model.Bundle, *model.Vocabulary, error) {
	b, err := model.FromWeights(defaultDescription, defaultWeights)
	if err != nil {
		return nil, nil, fmt.Errorf("the program's own model: %w", err)
	}
	return b, Vocabulary(), nil
}
