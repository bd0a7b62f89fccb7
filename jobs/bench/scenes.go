package bench

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/sdl-batch/sdl-batch/jobs/engine"
	measure "github.com/sdl-batch/sdl-batch/jobs/evaluate"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/training/evaluate"
	"github.com/sdl-batch/sdl-batch/training/labels"
	"github.com/sdl-batch/sdl-batch/training/scenes"
)

// Scenes measures a model on scenes that it was not trained on.
type Scenes struct {
	Model  string // URI of a bundle; "" takes the embedded one
	Seed   int64  // of the scenes
	Images int
	engine.Compute
}

// SceneResult is what a model does on scenes. All measures are percent.
type SceneResult struct {
	ModelID string           `json:"model_id"`
	Images  int64            `json:"images"`
	Groups  []Group          `json:"groups"` // of unseen tags, and all of them together at the end
	Report  *evaluate.Report `json:"report"`
}

// Group is the unseen tags of one kind, over all images.
type Group struct {
	Name     string  `json:"name"`
	Tags     int     `json:"tags"`
	Chance   float64 `json:"chance"`  // mean frequency: the mAP of a random order
	MAP      float64 `json:"map"`     //
	Nearest  float64 `json:"nearest"` // mAP where each tag takes the score of the seen tag with the nearest vector
	Smallest float64 `json:"least"`   // AP of the group's worst tag
}

// Run draws the scenes into a temporary folder and measures.
func (s Scenes) Run(ctx context.Context) (*SceneResult, error) {
	folder, err := os.MkdirTemp("", "sdl-scenes-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	if err := scenes.WriteSet(ctx, folder, scenes.Options{Seed: s.Seed, Test: s.Images}); err != nil {
		return nil, err
	}
	in, err := engine.Sources{Model: s.Model}.Open(ctx)
	if err != nil {
		return nil, err
	}
	return s.measure(ctx, filepath.Join(folder, scenes.LabelsFile), in)
}

func (s Scenes) measure(ctx context.Context, file string, in *engine.Inputs) (*SceneResult, error) {
	report, err := s.report(ctx, file, in)
	if err != nil {
		return nil, err
	}
	nearest, err := nearestSeen(in)
	if err != nil {
		return nil, err
	}
	baseline, err := s.report(ctx, file, nearest)
	if err != nil {
		return nil, err
	}
	return &SceneResult{ModelID: in.ModelID, Images: report.Images, Groups: groups(report, baseline), Report: report}, nil
}

func (s Scenes) report(ctx context.Context, file string, in *engine.Inputs) (*evaluate.Report, error) {
	set, err := labels.Read(ctx, file, in.Vocab, labels.Options{})
	if err != nil {
		return nil, err
	}
	defer set.Close()
	objects := storage.NewObjects(storage.ObjectsOptions{Base: filepath.Dir(file)})
	defer objects.Close()
	m, err := measure.Images{Reader: objects, Compute: s.Compute}.Measure(ctx, in, set.Part(labels.All))
	if err != nil {
		return nil, err
	}
	if m.Rejects.Count > 0 {
		return nil, fmt.Errorf("%d of the scenes could not be read, as %s", m.Rejects.Count, m.Rejects.First[0].URI)
	}
	return m.Report, nil
}

// nearestSeen gives every unseen tag the vector, and so the score, of the seen
// tag that is nearest to it.
func nearestSeen(in *engine.Inputs) (*engine.Inputs, error) {
	v := *in.Vocab
	v.Vectors = append([]float32(nil), v.Vectors...)
	nearest := scenes.NearestSeen(in.Vocab)
	for id, seen := range v.Seen {
		if !seen {
			copy(v.Vectors[id*v.Dim:][:v.Dim], in.Vocab.Vector(int(nearest[id])))
		}
	}
	return engine.NewInputs(in.Bundle, &v, true)
}

// groups sums the unseen tags up by kind.
func groups(report, baseline *evaluate.Report) []Group {
	kinds := []string{scenes.Colours, scenes.Shapes, scenes.Textures, scenes.Sizes, scenes.Hypernyms}
	tags := scenes.Tags()
	var out []Group
	all := Group{Name: "all unseen", Smallest: 100}
	for _, kind := range kinds {
		g := Group{Name: kind, Smallest: 100}
		for id, tag := range tags {
			if tag.Group == kind && !tag.Seen {
				g.add(report, baseline, id)
				all.add(report, baseline, id)
			}
		}
		if g.Tags > 0 {
			out = append(out, g.mean())
		}
	}
	return append(out, all.mean())
}

func (g *Group) add(report, baseline *evaluate.Report, id int) {
	tag := report.Tags[id]
	g.Tags++
	g.Chance += 100 * float64(tag.Positives) / float64(report.Images)
	g.MAP += tag.APKeep
	g.Nearest += baseline.Tags[id].APKeep
	g.Smallest = min(g.Smallest, tag.APKeep)
}

func (g Group) mean() Group {
	n := float64(g.Tags)
	g.Chance, g.MAP, g.Nearest = g.Chance/n, g.MAP/n, g.Nearest/n
	return g
}
