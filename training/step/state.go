package step

import (
	"fmt"
	"slices"

	"github.com/sdl-batch/sdl-batch/model/tensor"
	"github.com/sdl-batch/sdl-batch/model/tresnet"
)

// State is what a step changes, by the parameters' names.
type State struct {
	Params        tresnet.Params // parameters and running statistics
	First, Second tresnet.Params // Adam's moments, of the parameters alone
}

// NewState begins a training of some depth with the given parameters, which
// are copied: all moments are zero.
func NewState(a tresnet.Architecture, depth tresnet.Depth, p tresnet.Params) (State, error) {
	s := State{Params: tresnet.Params{}, First: tresnet.Params{}, Second: tresnet.Params{}}
	for _, spec := range a.Trainable(depth) {
		t, ok := p[spec.Name]
		if !ok || !slices.Equal(t.Shape, spec.Shape) {
			return State{}, fmt.Errorf("step: parameter %s is missing or not of shape %v", spec.Name, spec.Shape)
		}
		s.Params[spec.Name] = tensor.Tensor{Shape: spec.Shape, Values: slices.Clone(t.Values)}
		if !tresnet.IsStatistic(spec.Name) {
			s.First[spec.Name], s.Second[spec.Name] = tensor.New(spec.Shape...), tensor.New(spec.Shape...)
		}
	}
	return s, nil
}

// check reports a tensor that is missing or of another shape.
func (s State) check(a tresnet.Architecture, depth tresnet.Depth) error {
	for _, spec := range a.Trainable(depth) {
		parts := []tresnet.Params{s.Params, s.First, s.Second}
		if tresnet.IsStatistic(spec.Name) {
			parts = parts[:1]
		}
		for _, part := range parts {
			if t := part[spec.Name]; !slices.Equal(t.Shape, spec.Shape) || t.Validate() != nil {
				return fmt.Errorf("step: the state's %s is missing or not of shape %v", spec.Name, spec.Shape)
			}
		}
	}
	return nil
}

// like makes room for a state of the same shapes.
func (s State) like() State {
	room := func(from tresnet.Params) tresnet.Params {
		to := tresnet.Params{}
		for name, t := range from {
			to[name] = tensor.New(t.Shape...)
		}
		return to
	}
	return State{room(s.Params), room(s.First), room(s.Second)}
}

// Clone copies a state.
func (s State) Clone() State {
	to := s.like()
	for i, from := range []tresnet.Params{s.Params, s.First, s.Second} {
		for name, t := range from {
			copy([]tresnet.Params{to.Params, to.First, to.Second}[i][name].Values, t.Values)
		}
	}
	return to
}
