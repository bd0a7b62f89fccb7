package step_test

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/sdl-batch/sdl-batch/model/golden"
	"github.com/sdl-batch/sdl-batch/model/ort"
	"github.com/sdl-batch/sdl-batch/model/ort/orttest"
	"github.com/sdl-batch/sdl-batch/model/tensor"
	"github.com/sdl-batch/sdl-batch/model/tresnet"
	"github.com/sdl-batch/sdl-batch/training/loss"
	"github.com/sdl-batch/sdl-batch/training/optimise"
	"github.com/sdl-batch/sdl-batch/training/step"
)

// recipe is what the golden file tells of its training.
type recipe struct {
	Layers                          [4]int
	Width                           float64 `json:"width_factor"`
	Rows, Dim, Classes, Batch, Size int
	Losses                          []float64
	Lrs                             []float64
	Beta1                           []float64 `json:"adam_beta1"`
	Decay                           float64   `json:"weight_decay"`
	VarWeight                       *float64  `json:"var_weight"` // nil: no regulariser
	MaxRate                         float64   `json:"max_lr"`
	Start                           float64   `json:"pct_start"`
}

func readRecipe(t *testing.T, file golden.File) recipe {
	t.Helper()
	var r recipe
	if err := json.Unmarshal(file.Meta, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r recipe) architecture() tresnet.Architecture {
	return tresnet.Architecture{Layers: r.Layers, Width: r.Width, Rows: r.Rows, Dim: r.Dim, InputSize: r.Size}
}

func (r recipe) loss() loss.Config {
	if r.VarWeight == nil {
		return loss.Config{Plain: true}
	}
	return loss.Config{Regulariser: *r.VarWeight}
}

func (r recipe) schedule() optimise.OneCycle {
	return optimise.OneCycle{Max: r.MaxRate, Steps: len(r.Losses), Start: r.Start}
}

func (r recipe) config(file golden.File) step.Config {
	word := file.Tensors["wordvec"].Values
	vectors := make([]float32, len(word))
	for d := range r.Dim {
		for tag := range r.Classes {
			vectors[tag*r.Dim+d] = word[d*r.Classes+tag]
		}
	}
	adam := optimise.Defaults
	adam.Decay = r.Decay
	return step.Config{
		Architecture: r.architecture(), Input: tresnet.Input{Floats: true}, Batch: r.Batch, Places: r.Classes, Vectors: vectors,
		Loss: r.loss(), Adam: adam, Gradients: true,
		Session: ort.Options{Device: ort.Device{Provider: ort.CPU}},
	}
}

// params reads the tensors of a prefix.
func params(file golden.File, prefix string) tresnet.Params {
	p := tresnet.Params{}
	for name, t := range file.Tensors {
		if key, ok := strings.CutPrefix(name, prefix); ok {
			p[key] = tensor.Tensor(t)
		}
	}
	return p
}

// The reference's own training: gradients of the first step, every loss and
// rate, weights and running statistics at the end.
func TestStepsMatchReference(t *testing.T) {
	orttest.Load(t)
	file := golden.Read(t, "train_steps")
	r := readRecipe(t, file)
	config := r.config(file)
	state, err := step.NewState(config.Architecture, tresnet.Whole, params(file, "init/"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := step.New(config, state, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	targets := config.NewTargets()
	for i, want := range r.Losses {
		label(t, targets, file.Tensors[fmt.Sprintf("step%d_y", i)])
		rate := r.schedule().At(i)
		if math.Abs(rate.Learning-r.Lrs[i]) > 1e-9*r.Lrs[i] || math.Abs(rate.Beta1-r.Beta1[i]) > 1e-9 {
			t.Errorf("step %d: rate %v, want %v and %v", i, rate, r.Lrs[i], r.Beta1[i])
		}
		x := file.Tensors[fmt.Sprintf("step%d_x", i)]
		terms, err := s.Floats(t.Context(), x.Values, targets, config.Adam.Coefficients(rate, r.schedule().At(max(i-1, 0)), i))
		if err != nil {
			t.Fatal(err)
		}
		off := math.Abs(float64(terms.Loss)-want) / want
		t.Logf("step %d: loss %.2g off", i, off)
		if !(off < 1e-3) {
			t.Errorf("step %d: loss %v, want %v", i, terms.Loss, want)
		}
		if i == 0 {
			near(t, "gradient", params(file, "grad0/"), func(name string) tensor.Tensor { return s.Gradient(name) })
		}
	}
	near(t, "final", params(file, "final/"), func(name string) tensor.Tensor { return s.State().Params[name] })
}

func label(t *testing.T, targets *loss.Targets, y golden.Tensor) {
	t.Helper()
	classes := y.Shape[1]
	for i := range y.Shape[0] {
		var positives []int32
		for tag, v := range y.Values[i*classes:][:classes] {
			if v > 0 {
				positives = append(positives, int32(tag))
			}
		}
		if err := targets.Set(i, positives, nil); err != nil {
			t.Fatal(err)
		}
	}
}

// near compares every tensor within 1e-3 of its length.
func near(t *testing.T, what string, want tresnet.Params, got func(string) tensor.Tensor) {
	t.Helper()
	if len(want) == 0 {
		t.Errorf("no %s in the golden file", what)
	}
	worst, where := 0.0, ""
	for name, w := range want {
		e := golden.RelativeError(got(name).Values, w.Values)
		if !(e <= worst) {
			worst, where = e, name
		}
		if !(e < 1e-3) {
			t.Errorf("%s %s: relative error %.3g", what, name, e)
		}
	}
	t.Logf("%s: at most %.2g, in %s", what, worst, where)
}
