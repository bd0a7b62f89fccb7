package step_test

import (
	"math/rand/v2"
	"os"
	"testing"

	"github.com/sdl-batch/sdl-batch/model/ort"
	"github.com/sdl-batch/sdl-batch/model/ort/orttest"
	"github.com/sdl-batch/sdl-batch/model/tresnet"
	"github.com/sdl-batch/sdl-batch/training/loss"
	"github.com/sdl-batch/sdl-batch/training/optimise"
	"github.com/sdl-batch/sdl-batch/training/step"
)

// BenchmarkStep trains TResNet-M at 224 pixels, 8 images a step.
func BenchmarkStep(b *testing.B) {
	orttest.Load(b)
	random := rand.New(rand.NewPCG(1, 1))
	config := step.Config{
		Architecture: tresnet.M.With(7, 300, 224), Batch: 8, Places: 8, Vectors: make([]float32, 925*300),
		Loss: loss.Config{Regulariser: 0.3}, Adam: optimise.Defaults,
		Session: ort.Options{Device: ort.Device{Provider: ort.CPU}, Profile: os.Getenv("SDL_PROFILE")},
	}
	for i := range config.Vectors {
		config.Vectors[i] = float32(random.NormFloat64() / 17.3)
	}
	state, err := step.NewState(config.Architecture, tresnet.Whole, tresnet.New(config.Architecture, 1))
	if err != nil {
		b.Fatal(err)
	}
	s, err := step.New(config, state, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	pixels := make([]uint8, 8*224*224*3)
	for i := range pixels {
		pixels[i] = uint8(random.Uint32())
	}
	targets := config.NewTargets()
	for i := range config.Batch {
		if err := targets.Set(i, []int32{1, int32(10 + i), 100, 400, int32(900 - i)}, nil); err != nil {
			b.Fatal(err)
		}
	}
	rate := optimise.Rate{Learning: 1e-5, Beta1: 0.9}
	n := 0
	for b.Loop() {
		if _, err := s.Pixels(b.Context(), pixels, targets, config.Adam.Coefficients(rate, rate, n)); err != nil {
			b.Fatal(err)
		}
		n++
	}
	b.ReportMetric(float64(8*n)/b.Elapsed().Seconds(), "images/s")
}
