package step

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/sdl-batch/sdl-batch/model/ort"
	"github.com/sdl-batch/sdl-batch/model/tensor"
	"github.com/sdl-batch/sdl-batch/model/tresnet"
	"github.com/sdl-batch/sdl-batch/training/loss"
	"github.com/sdl-batch/sdl-batch/training/optimise"
)

// ErrDiverged is reported for a loss that is NaN or infinite. The state is that
// before the step.
var ErrDiverged = errors.New("the loss is not finite")

// Step trains. It is for one goroutine at a time.
type Step struct {
	config    Config
	session   *ort.Session
	sets      [2]State
	current   int
	gradients tresnet.Params // of the last step, where kept
}

// Terms are the loss of a batch, before the update, and its parts; see
// loss.Terms.
type Terms struct{ Loss, Ranking, Regulariser float32 }

// New builds and loads the graph. The state becomes the step's own. frozen are
// the parameters that the depth leaves alone; nil for Whole and Head.
func New(c Config, s State, frozen tresnet.Params) (*Step, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if err := s.check(c.Architecture, c.Depth); err != nil {
		return nil, err
	}
	graph, err := c.graph(frozen)
	if err != nil {
		return nil, err
	}
	c.Session.Lean = true // a third less memory, and no slower
	session, err := ort.NewSession(graph, c.Session)
	if err != nil {
		return nil, err
	}
	t := &Step{config: c, session: session, sets: [2]State{s, s.like()}}
	if c.Gradients {
		t.gradients = s.like().First
	}
	return t, nil
}

// State is the present state. It is valid, and to be left alone, until the next
// step.
func (s *Step) State() State { return s.sets[s.current] }

// Gradient returns a parameter's gradient in the last step; Config.Gradients
// must be set.
func (s *Step) Gradient(name string) tensor.Tensor { return s.gradients[name] }

// Device returns the device that computes.
func (s *Step) Device() ort.Device { return s.session.Device() }

// Pixels runs a step on images [batch,S,S,3].
func (s *Step) Pixels(ctx context.Context, pixels []uint8, t *loss.Targets, c optimise.Coefficients) (Terms, error) {
	side := s.config.Architecture.InputSize
	return s.run(ctx, ort.Lend(pixels, s.config.Batch, side, side, 3), t, c)
}

// Floats runs a step on float images [batch,3,S,S], for a step whose input they
// are, or, for Head, on features [batch,F].
func (s *Step) Floats(ctx context.Context, values []float32, t *loss.Targets, c optimise.Coefficients) (Terms, error) {
	side := s.config.Architecture.InputSize
	if s.config.Depth == tresnet.Head {
		return s.run(ctx, ort.Lend(values, s.config.Batch, s.config.Architecture.Features()), t, c)
	}
	return s.run(ctx, ort.Lend(values, s.config.Batch, 3, side, side), t, c)
}

func (s *Step) run(ctx context.Context, images ort.Tensor, t *loss.Targets, c optimise.Coefficients) (Terms, error) {
	lent := s.lend(images, t, c)
	terms := [3][]float32{make([]float32, 1), make([]float32, 1), make([]float32, 1)}
	for i, name := range []string{"loss", "ranking", "regulariser"} {
		lent[name] = ort.Lend(terms[i], 1)
	}
	var in, out []ort.Tensor
	for _, port := range s.session.Model.Inputs {
		in = append(in, lent[port.Name])
	}
	for _, port := range s.session.Model.Outputs {
		out = append(out, lent[port.Name])
	}
	if err := s.session.Run(ctx, in, out); err != nil {
		return Terms{}, fmt.Errorf("training step: %w", err)
	}
	result := Terms{terms[0][0], terms[1][0], terms[2][0]}
	if total := float64(result.Loss); math.IsNaN(total) || math.IsInf(total, 0) {
		return result, ErrDiverged
	}
	s.current = 1 - s.current
	return result, nil
}

// lend gives every tensor of the state its name in the graph.
func (s *Step) lend(images ort.Tensor, t *loss.Targets, c optimise.Coefficients) map[string]ort.Tensor {
	lent := map[string]ort.Tensor{}
	add := func(prefix string, from tresnet.Params) {
		for name, values := range from {
			lent[prefix+name] = ort.Lend(values.Values, len(values.Values))
		}
	}
	old, next := s.sets[s.current], s.sets[1-s.current]
	add("", old.Params)
	add(firstMoment, old.First)
	add(secondMoment, old.Second)
	add(updated, next.Params)
	add(updated+firstMoment, next.First)
	add(updated+secondMoment, next.Second)
	add(gradientOf, s.gradients)
	places := []int{s.config.Batch, s.config.Places}
	tags := len(s.config.Vectors) / s.config.Architecture.Dim
	lent[loss.Names[0]] = ort.Lend(t.Positives, places...)
	lent[loss.Names[1]] = ort.Lend(t.Pairs, places...)
	lent[loss.Names[2]] = ort.Lend(t.Alone, places...)
	lent[loss.Names[3]] = ort.Lend(t.Negatives, s.config.Batch, tags)
	for i, x := range [][]float32{c.Keep, c.Size, c.Epsilon} {
		lent[optimise.Names[i]] = ort.Lend(x, 1)
	}
	for _, port := range s.session.Model.Inputs {
		if slices.Contains([]string{"pixels", "x", "features"}, port.Name) {
			lent[port.Name] = images
		}
	}
	return lent
}

// Close frees the session.
func (s *Step) Close() error { return s.session.Close() }
