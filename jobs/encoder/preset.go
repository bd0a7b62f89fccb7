package encoder

import (
	"maps"
	"slices"

	"github.com/sdl-batch/sdl-batch/model"
)

// preset is what a family of encoders was trained with.
type preset struct {
	filter    string
	mean, std [3]float64
	shortSide func(size int) int // 0: stretched
	scoring   Scoring
}

// presets holds published preprocessing:
//
//   - clip: openai/CLIP, clip/clip.py, _transform, which OpenCLIP keeps: the shorter
//     side to the size, bicubic, and the middle; the logit scale is the bound of 100 at
//     which training ended (Radford et al. 2021, section 2.5).
//   - siglip: SiglipImageProcessor of Hugging Face Transformers: stretched, bicubic,
//     mean and deviation one half. Each model has a logit scale and a bias of its own,
//     which change no order of tags.
//   - imagenet: torchvision, transforms._presets.ImageClassification with its usual
//     crop of 224 out of 256 pixels.
var presets = map[string]preset{
	"clip": {
		filter: model.FilterBicubic, shortSide: func(size int) int { return size },
		mean:    [3]float64{0.48145466, 0.4578275, 0.40821073},
		std:     [3]float64{0.26862954, 0.26130258, 0.27577711},
		scoring: Scoring{Normalise: &model.Normalise{Rows: true, Labels: true}, LogitScale: pointer(100.0)},
	},
	"siglip": {
		filter: model.FilterBicubic, shortSide: func(int) int { return 0 },
		mean:    [3]float64{0.5, 0.5, 0.5},
		std:     [3]float64{0.5, 0.5, 0.5},
		scoring: Scoring{Normalise: &model.Normalise{Rows: true, Labels: true}},
	},
	"imagenet": {
		filter: model.FilterBilinear, shortSide: func(size int) int { return size * 256 / 224 },
		mean: [3]float64{0.485, 0.456, 0.406},
		std:  [3]float64{0.229, 0.224, 0.225},
	},
}

// Presets lists the names of the presets.
func Presets() []string { return slices.Sorted(maps.Keys(presets)) }

func pointer[T any](v T) *T { return &v }

// or is *given, or what else there is.
func or[T any](given *T, otherwise T) T {
	if given != nil {
		return *given
	}
	return otherwise
}
