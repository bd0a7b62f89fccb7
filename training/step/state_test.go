package step_test

import (
	"strings"
	"testing"

	"github.com/sdl-batch/sdl-batch/model/tensor"
	"github.com/sdl-batch/sdl-batch/model/tresnet"
	"github.com/sdl-batch/sdl-batch/training/optimise"
	"github.com/sdl-batch/sdl-batch/training/step"
)

// A state that was read from somewhere must be that of the net.
func TestAStateOfAnotherNetIsRefused(t *testing.T) {
	arch := tresnet.Architecture{Layers: [4]int{1, 1, 1, 1}, Width: 0.125, Rows: 2, Dim: 4, InputSize: 32}
	config := step.Config{Architecture: arch, Batch: 2, Places: 1, Vectors: make([]float32, 3*4), Adam: optimise.Defaults}
	for name, change := range map[string]func(s *step.State){
		"no parameter":  func(s *step.State) { delete(s.Params, "conv1.0.weight") },
		"no statistic":  func(s *step.State) { delete(s.Params, "conv1.1.running_var") },
		"no moment":     func(s *step.State) { delete(s.Second, tresnet.EmbeddingWeight) },
		"another shape": func(s *step.State) { s.First["conv1.0.weight"] = tensor.New(3) },
		"values missing": func(s *step.State) {
			w := s.Params["conv1.0.weight"]
			s.Params["conv1.0.weight"] = tensor.Tensor{Shape: w.Shape, Values: w.Values[1:]}
		},
	} {
		t.Run(name, func(t *testing.T) {
			state, err := step.NewState(arch, tresnet.Whole, tresnet.New(arch, 1))
			if err != nil {
				t.Fatal(err)
			}
			change(&state)
			if _, err := step.New(config, state, nil); err == nil || !strings.Contains(err.Error(), "is missing or not of shape") {
				t.Errorf("error %v", err)
			}
		})
	}
}
