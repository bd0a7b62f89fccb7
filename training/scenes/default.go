package scenes

import (
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

// defaultSeed makes the default bundle the same in every process.
const defaultSeed = 1

// Default returns the bundle and vocabulary that a labelling uses when it is
// told of none. The bundle's lineage tells whether it is trained.
func Default() (*model.Bundle, *model.Vocabulary, error) {
	v := Vocabulary()
	b, err := model.NewTResNet(Architecture, model.BuildOptions{Seed: defaultSeed, Vocabulary: v})
	return b, v, err
}
