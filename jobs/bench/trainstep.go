// Package bench measures what this program does, for comparison with what others
// would run instead.
package bench

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/sdl-batch/sdl-batch/jobs/engine"
	"github.com/sdl-batch/sdl-batch/model/tresnet"
	"github.com/sdl-batch/sdl-batch/training/loss"
	"github.com/sdl-batch/sdl-batch/training/optimise"
	"github.com/sdl-batch/sdl-batch/training/step"
)

// TrainStep describes a training step on random images. Zero values are not
// defaults.
type TrainStep struct {
	Architecture  tresnet.Architecture
	Depth         tresnet.Depth
	Batch         int
	Classes       int // seen tags
	Positives     int // of each image
	Steps, WarmUp int // timed, and before them
	engine.Compute
}

// Result is what was measured.
type Result struct {
	Name      string  `json:"name"`
	Device    string  `json:"device,omitempty"`
	Batch     int     `json:"batch"`
	Steps     int     `json:"steps"`
	Median    float64 `json:"seconds_median"` // of a step
	Least     float64 `json:"seconds_min"`
	PerSecond float64 `json:"images_per_second"` // by the median
	PeakMiB   float64 `json:"peak_mib"`          // resident memory of the process
}

// Run times the steps: forward, loss, gradients and Adam.
func (b TrainStep) Run(ctx context.Context) (Result, error) {
	runtime, err := b.Runtime()
	if err != nil {
		return Result{}, err
	}
	random := rand.New(rand.NewPCG(1, 1))
	config := step.Config{
		Architecture: b.Architecture, Depth: b.Depth, Batch: b.Batch, Places: b.Positives, Vectors: unitVectors(random, b.Classes, b.Architecture.Dim),
		Loss: loss.Config{Regulariser: 0.3}, Adam: optimise.Defaults, Session: runtime.Options,
	}
	params := tresnet.New(b.Architecture, 1)
	state, err := step.NewState(b.Architecture, b.Depth, params)
	if err != nil {
		return Result{}, err
	}
	if b.Depth == tresnet.Whole {
		params = nil
	}
	s, err := step.New(config, state, params)
	if err != nil {
		return Result{}, err
	}
	defer s.Close()
	times, err := b.time(ctx, s, config, random)
	if err != nil {
		return Result{}, err
	}
	slices.Sort(times)
	median := times[len(times)/2]
	return Result{
		Name: "sdl-batch", Device: s.Device().String(), Batch: b.Batch, Steps: b.Steps,
		Median: median, Least: times[0], PerSecond: float64(b.Batch) / median, PeakMiB: peakMiB(),
	}, nil
}

func (b TrainStep) time(ctx context.Context, s *step.Step, config step.Config, random *rand.Rand) ([]float64, error) {
	side := b.Architecture.InputSize
	pixels := make([]uint8, b.Batch*side*side*3)
	for i := range pixels {
		pixels[i] = uint8(random.Uint32())
	}
	targets := config.NewTargets()
	for i := range b.Batch {
		var positives []int32
		for _, tag := range random.Perm(b.Classes)[:b.Positives] {
			positives = append(positives, int32(tag))
		}
		if err := targets.Set(i, positives, nil); err != nil {
			return nil, err
		}
	}
	rate := optimise.Rate{Learning: 1e-5, Beta1: 0.9}
	var times []float64
	for i := range b.WarmUp + b.Steps {
		began := time.Now()
		if _, err := s.Pixels(ctx, pixels, targets, config.Adam.Coefficients(rate, rate, i)); err != nil {
			return nil, fmt.Errorf("step %d: %w", i+1, err)
		}
		if i >= b.WarmUp {
			times = append(times, time.Since(began).Seconds())
		}
	}
	return times, nil
}

func unitVectors(random *rand.Rand, n, dim int) []float32 {
	v := make([]float32, n*dim)
	for i := range n {
		row := v[i*dim:][:dim]
		var squares float64
		for d := range row {
			x := random.NormFloat64()
			row[d], squares = float32(x), squares+x*x
		}
		for d := range row {
			row[d] /= float32(math.Sqrt(squares))
		}
	}
	return v
}
