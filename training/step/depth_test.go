package step_test

import (
	"errors"
	"maps"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/sdl-batch/sdl-batch/model/ort"
	"github.com/sdl-batch/sdl-batch/model/ort/orttest"
	"github.com/sdl-batch/sdl-batch/model/tensor"
	"github.com/sdl-batch/sdl-batch/model/tresnet"
	"github.com/sdl-batch/sdl-batch/training/loss"
	"github.com/sdl-batch/sdl-batch/training/optimise"
	"github.com/sdl-batch/sdl-batch/training/step"
)

// trial is a step of a small net on a batch of noise, that moves nothing unless
// rate says so.
type trial struct {
	config  step.Config
	params  tresnet.Params // all
	images  []float32      // [B,3,S,S], or features [B,F]
	targets *loss.Targets
	rate    float64
}

const batch = 6

func newTrial(t *testing.T, depth tresnet.Depth) *trial {
	t.Helper()
	orttest.Load(t)
	arch := tresnet.Architecture{Layers: [4]int{1, 1, 1, 1}, Width: 0.125, Rows: 2, Dim: 5, InputSize: 32}
	random := rand.New(rand.NewPCG(1, 9))
	x := &trial{params: tresnet.New(arch, 3)}
	vectors := make([]float32, 7*arch.Dim)
	for i := range vectors {
		vectors[i] = float32(random.NormFloat64() / 2)
	}
	for _, name := range slices.Sorted(maps.Keys(x.params)) { // statistics and norms as of a net that was trained
		p := x.params[name]
		for i := range p.Values {
			switch {
			case strings.HasSuffix(name, ".running_var"):
				p.Values[i] = 0.5 + random.Float32()
			case tresnet.IsStatistic(name), len(p.Shape) == 1:
				p.Values[i] += float32(random.NormFloat64() / 10)
			}
		}
	}
	size := 3 * arch.InputSize * arch.InputSize
	if depth == tresnet.Head {
		size = arch.Features()
	}
	x.images = make([]float32, batch*size)
	for i := range x.images {
		x.images[i] = random.Float32()
	}
	x.config = step.Config{
		Architecture: arch, Depth: depth, Input: tresnet.Input{Floats: true}, Batch: batch, Places: 2, Vectors: vectors, Gradients: true,
		Loss: loss.Config{Regulariser: 0.3}, Adam: optimise.Defaults, Session: ort.Options{Device: ort.Device{Provider: ort.CPU}, Threads: 1},
	}
	x.targets = x.config.NewTargets()
	for i := range batch {
		if err := x.targets.Set(i, []int32{int32(i % 3), int32(3 + i%4)}, nil); err != nil {
			t.Fatal(err)
		}
	}
	return x
}

// open makes the step of the trial's parameters.
func (x *trial) open(t *testing.T) *step.Step {
	t.Helper()
	state, err := step.NewState(x.config.Architecture, x.config.Depth, x.params)
	if err != nil {
		t.Fatal(err)
	}
	s, err := step.New(x.config, state, x.params)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func (x *trial) run(t *testing.T, s *step.Step) (step.Terms, error) {
	t.Helper()
	rate := optimise.Rate{Learning: x.rate, Beta1: 0.9}
	return s.Floats(t.Context(), x.images, x.targets, x.config.Adam.Coefficients(rate, rate, 0))
}

func (x *trial) mustRun(t *testing.T, s *step.Step) step.Terms {
	t.Helper()
	terms, err := x.run(t, s)
	if err != nil {
		t.Fatal(err)
	}
	return terms
}

var depths = map[string]tresnet.Depth{"head": tresnet.Head, "last stage": tresnet.LastStage}

// TestGradientsOfADepthAreSlopes: each trained tensor, moved along its gradient,
// changes the loss by its length.
func TestGradientsOfADepthAreSlopes(t *testing.T) {
	for name, depth := range depths {
		t.Run(name, func(t *testing.T) {
			x := newTrial(t, depth)
			s := x.open(t)
			x.mustRun(t, s)
			for _, p := range x.config.Architecture.Trainable(depth) {
				if tresnet.IsStatistic(p.Name) {
					continue
				}
				gradient := slices.Clone(s.Gradient(p.Name).Values)
				length := norm(gradient)
				slope := x.slope(t, s, p.Name, gradient)
				t.Logf("%s: gradient of length %.4g, slope %.4g", p.Name, length, slope)
				if !(math.Abs(slope-length) < 0.03*length+1e-3) {
					t.Errorf("%s: gradient of length %.4g, slope %.4g", p.Name, length, slope)
				}
			}
		})
	}
}

// slope is how fast the loss rises where a tensor moves along a direction.
func (x *trial) slope(t *testing.T, s *step.Step, name string, direction []float32) float64 {
	t.Helper()
	values := s.State().Params[name].Values
	old := slices.Clone(values)
	reach := 1e-4 * math.Max(norm(old), 0.1)
	at := func(side float64) float64 {
		values := s.State().Params[name].Values
		share := float32(side * reach / norm(direction))
		for i := range values {
			values[i] = old[i] + share*direction[i]
		}
		terms := x.mustRun(t, s)
		copy(s.State().Params[name].Values, old)
		return float64(terms.Loss)
	}
	return (at(1) - at(-1)) / (2 * reach)
}

func norm(x []float32) float64 {
	squares := 0.0
	for _, v := range x {
		squares += float64(v) * float64(v)
	}
	return math.Sqrt(squares)
}

// TestADepthTrainsItsPartAlone: the forward pass is that of inference with the
// batch's own statistics in the norms that are trained, and only these change.
func TestADepthTrainsItsPartAlone(t *testing.T) {
	for name, depth := range depths {
		t.Run(name, func(t *testing.T) {
			x := newTrial(t, depth)
			s := x.open(t)
			before := s.State().Clone()
			terms := x.mustRun(t, s)
			after := s.State()
			var trained []string
			for _, p := range x.config.Architecture.Trainable(depth) {
				trained = append(trained, p.Name)
			}
			slices.Sort(trained)
			if got := slices.Sorted(maps.Keys(after.Params)); !slices.Equal(got, trained) {
				t.Errorf("the state holds %q", got)
			}
			params := maps.Clone(x.params)
			maps.Copy(params, statistics(before.Params, after.Params))
			if got, want := float64(terms.Loss), x.formula(x.embed(t, params)); !(math.Abs(got-want) < 2e-3*want) {
				t.Errorf("loss %v, that of inference with the batch's statistics is %v", got, want)
			}
			for name, p := range after.Params {
				if !tresnet.IsStatistic(name) && !reflect.DeepEqual(p, before.Params[name]) {
					t.Errorf("%s moved at rate 0", name)
				}
			}
			x.rate = 0.01
			s = x.open(t)
			x.mustRun(t, s)
			for name, p := range s.State().Params {
				if reflect.DeepEqual(p, before.Params[name]) {
					t.Errorf("%s did not move", name)
				}
			}
		})
	}
}

// statistics are those of the batch, of which a tenth went into the running
// ones. The variance that runs is unbiased, the norm's own is not: n/(n−1) times
// smaller, with n pixels of the batch before the last stage's down-sampling, in
// its first two convolutions, and behind it.
func statistics(before, after tresnet.Params) tresnet.Params {
	out := tresnet.Params{}
	for name, p := range after {
		if !tresnet.IsStatistic(name) {
			continue
		}
		n := float32(batch)
		if strings.Contains(name, ".conv1.") || strings.Contains(name, ".conv2.") {
			n *= 4
		}
		factor := float32(1)
		if strings.HasSuffix(name, ".running_var") {
			factor = (n - 1) / n
		}
		t := tensor.New(p.Shape...)
		for i, v := range p.Values {
			t.Values[i] = (v - 0.9*before[name].Values[i]) / 0.1 * factor
		}
		out[name] = t
	}
	return out
}

// embed computes the embedding [B,K,D] as inference does.
func (x *trial) embed(t *testing.T, params tresnet.Params) []float32 {
	t.Helper()
	a := x.config.Architecture
	graph, err := tresnet.Graph(a, params, x.config.Input)
	shape := []int{batch, 3, a.InputSize, a.InputSize}
	if x.config.Depth == tresnet.Head {
		graph, err = tresnet.HeadGraph(a, params)
		shape = []int{batch, a.Features()}
	}
	if err != nil {
		t.Fatal(err)
	}
	s, err := ort.NewSession(graph, x.config.Session)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	embedding := make([]float32, batch*a.Rows*a.Dim)
	err = s.Run(t.Context(), []ort.Tensor{ort.Lend(x.images, shape...)}, []ort.Tensor{ort.Lend(embedding, batch, a.Rows, a.Dim)})
	if err != nil {
		t.Fatal(err)
	}
	return embedding
}

// formula is the method's loss, image by image.
func (x *trial) formula(embedding []float32) float64 {
	a, w, total := x.config.Architecture, x.config.Loss.Regulariser, 0.0
	tags := len(x.config.Vectors) / a.Dim
	for i := range batch {
		matrix := embedding[i*a.Rows*a.Dim:][:a.Rows*a.Dim]
		scores := make([]float64, tags)
		for c := range scores {
			scores[c] = math.Inf(-1)
			for k := range a.Rows {
				scores[c] = max(scores[c], dot(matrix[k*a.Dim:][:a.Dim], x.config.Vectors[c*a.Dim:]))
			}
		}
		positives := []int{i % 3, 3 + i%4}
		rank, div, reg := 0.0, 1.0, 0.0
		for _, p := range positives {
			for n := range scores {
				if !slices.Contains(positives, n) {
					rank += math.Log1p(math.Exp(scores[n]-scores[p])) / 2
				}
			}
		}
		for d := range a.Dim {
			div += variance(x.config.Vectors[positives[0]*a.Dim+d], x.config.Vectors[positives[1]*a.Dim+d])
			reg += variance(matrix[d], matrix[a.Dim+d])
		}
		total += 2 * ((1-w)*div*rank + w*reg)
	}
	return total / batch
}

// variance is the unbiased one of two numbers.
func variance(a, b float32) float64 { return math.Pow(float64(a)-float64(b), 2) / 2 }

func dot(a, b []float32) float64 {
	total := 0.0
	for i, v := range a {
		total += float64(v) * float64(b[i])
	}
	return total
}

// TestDivergenceKeepsTheState: the state is that before the step, and the next
// step is as if the one that diverged had not been.
func TestDivergenceKeepsTheState(t *testing.T) {
	x := newTrial(t, tresnet.Head)
	x.rate = 0.01
	s, other := x.open(t), x.open(t)
	x.mustRun(t, s)
	x.mustRun(t, other)
	before := s.State().Clone()
	good := x.images
	for _, bad := range []float64{math.NaN(), math.Inf(1), 3e38} {
		x.images = slices.Clone(good)
		x.images[7] = float32(bad)
		terms, err := x.run(t, s)
		if !errors.Is(err, step.ErrDiverged) || terms.Loss-terms.Loss == 0 {
			t.Errorf("%v: %+v, error %v", bad, terms, err)
		}
		if !reflect.DeepEqual(s.State(), before) {
			t.Errorf("%v: the state is another", bad)
		}
	}
	x.images = good
	if a, b := x.mustRun(t, s), x.mustRun(t, other); a != b || !reflect.DeepEqual(s.State(), other.State()) {
		t.Errorf("afterwards %+v, want %+v", a, b)
	}
}

func TestWhatIsNoStepIsRefused(t *testing.T) {
	x := newTrial(t, tresnet.Head)
	bad := x.config
	bad.Batch, bad.Vectors, bad.Loss.Regulariser = 0, bad.Vectors[1:], 2
	_, err := step.New(bad, step.State{}, nil)
	for _, want := range []string{"batch of 0 images", "34 vector elements in dimension 5", "regulariser weight 2"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in: %v", want, err)
		}
	}
	delete(x.params, tresnet.EmbeddingWeight)
	if _, err := step.NewState(x.config.Architecture, tresnet.Head, x.params); err == nil || !strings.Contains(err.Error(), tresnet.EmbeddingWeight) {
		t.Errorf("error %v", err)
	}
}
