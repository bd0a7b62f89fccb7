package bench

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/sdl-batch/sdl-batch/jobs/engine"
	"github.com/sdl-batch/sdl-batch/jobs/train"
	"github.com/sdl-batch/sdl-batch/training/scenes"
)

// Claims trains nets on scenes with and without the parts of the method, over
// several seeds.
type Claims struct {
	Net    string // as train.Options.Init has it
	Train  int    // scenes to train on
	Test   int
	Epochs int
	Batch  int
	Rate   float64
	Seeds  []int64
	engine.Compute
	// Done receives each result as it comes; may be nil.
	Done func(ClaimRun)
}

// Variant is one way to train.
type Variant struct {
	Name   string
	Rows   int // K
	Change func(*train.Recipe)
}

// Variants are the method and what it is compared with.
var Variants = []Variant{
	{"K=7, the whole method", 7, func(*train.Recipe) {}},
	{"K=7, no diversity weighting", 7, func(r *train.Recipe) { r.NoDiversity = true }},
	{"K=7, no regulariser", 7, func(r *train.Recipe) { r.NoRegulariser = true }},
	{"K=1, the whole method", 1, func(*train.Recipe) {}},
}

// ClaimRun is what one training came to, percent.
type ClaimRun struct {
	Variant string  `json:"variant"`
	Seed    int64   `json:"seed"`
	Seen    float64 `json:"seen_map"`
	Unseen  float64 `json:"unseen_map"` // ZSL, over all images
	F1      float64 `json:"gzsl_f1@3"`
	All     float64 `json:"gzsl_map"`
	Seconds float64 `json:"seconds"`
}

// Run trains and measures every variant with every seed. All variants of a seed
// see the same scenes; every seed draws its own.
func (c Claims) Run(ctx context.Context) ([]ClaimRun, error) {
	folder, err := os.MkdirTemp("", "sdl-claims-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	var runs []ClaimRun
	for _, seed := range c.Seeds {
		set := filepath.Join(folder, fmt.Sprint("scenes-", seed))
		if err := scenes.WriteSet(ctx, set, scenes.Options{Seed: seed, Train: c.Train}); err != nil {
			return nil, err
		}
		for i, v := range Variants {
			r, err := c.one(ctx, set, filepath.Join(folder, fmt.Sprintf("model-%d-%d", seed, i)), v, seed)
			if err != nil {
				return nil, fmt.Errorf("%s, seed %d: %w", v.Name, seed, err)
			}
			runs = append(runs, r)
			if c.Done != nil {
				c.Done(r)
			}
		}
	}
	return runs, nil
}

// testSeed draws scenes that no training sees.
const testSeed = 1 << 32

func (c Claims) one(ctx context.Context, set, output string, v Variant, seed int64) (ClaimRun, error) {
	recipe, err := train.Preset("scratch")
	if err != nil {
		return ClaimRun{}, err
	}
	recipe.Epochs, recipe.Batch, recipe.Rate, recipe.Seed, recipe.HeldOut = c.Epochs, c.Batch, c.Rate, seed, 0
	recipe.Decay, recipe.Regulariser = 3e-5, 0.1 // as the program's own model was trained
	v.Change(&recipe)
	summary, err := train.Run(ctx, train.Options{
		Labels: filepath.Join(set, scenes.LabelsFile), Init: c.Net, Output: output, Tune: "all", Recipe: recipe,
		Rows: v.Rows, Size: scenes.Architecture.InputSize, Compute: c.Compute,
	}, nil)
	if err != nil {
		return ClaimRun{}, err
	}
	result, err := Scenes{Model: output, Seed: testSeed, Images: c.Test, Compute: c.Compute}.Run(ctx)
	if err != nil {
		return ClaimRun{}, err
	}
	r := ClaimRun{Variant: v.Name, Seed: seed, Seconds: summary.Seconds}
	for name, to := range map[string]*float64{"seen.map": &r.Seen, "keep.zsl.map": &r.Unseen, "gzsl.f1@3": &r.F1, "gzsl.map": &r.All} {
		if *to, err = result.Report.Metric(name); err != nil {
			return r, err
		}
	}
	return r, nil
}
