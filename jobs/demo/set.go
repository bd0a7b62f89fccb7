package demo

import (
	"context"
	"path/filepath"

	"github.com/sdl-batch/sdl-batch/training/scenes"
)

// Set describes a labelled set of scenes.
type Set struct {
	Folder                  string // made when missing
	Seed                    int64
	Train, Validation, Test int // scenes in each part
}

// Draw writes the scenes and their tables and returns where labels and
// vocabulary are.
func (s Set) Draw(ctx context.Context) (labels, vocab string, err error) {
	o := scenes.Options{Seed: s.Seed, Train: s.Train, Validation: s.Validation, Test: s.Test}
	if err := scenes.WriteSet(ctx, s.Folder, o); err != nil {
		return "", "", err
	}
	return filepath.Join(s.Folder, scenes.LabelsFile), filepath.Join(s.Folder, scenes.VocabFile), nil
}
