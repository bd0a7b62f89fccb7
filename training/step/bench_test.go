package step_test

import (
	"math"
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

// BenchmarkStep trains TResNet-M at 224 pixels, 8 images a step, and a net of the
// demo's size. SDL_PROFILE names a file for the runtime's own profile.
func BenchmarkStep(b *testing.B) {
	small := tresnet.Architecture{Layers: [4]int{1, 1, 1, 1}, Width: 0.25, Rows: 4, Dim: 16, InputSize: 64}
	b.Run("TResNet-M", func(b *testing.B) { benchmarkStep(b, tresnet.M.With(7, 300, 224), 8, 925) })
	b.Run("small", func(b *testing.B) { benchmarkStep(b, small, 32, 34) })
}

func benchmarkStep(b *testing.B, arch tresnet.Architecture, batch, tags int) {
	orttest.Load(b)
	random := rand.New(rand.NewPCG(1, 1))
	config := step.Config{
		Architecture: arch, Batch: batch, Places: 8, Vectors: make([]float32, tags*arch.Dim),
		Loss: loss.Config{Regulariser: 0.3}, Adam: optimise.Defaults,
		Session: ort.Options{Device: ort.Device{Provider: ort.CPU}, Profile: os.Getenv("SDL_PROFILE")},
	}
	for i := range config.Vectors {
		config.Vectors[i] = float32(random.NormFloat64() / math.Sqrt(float64(arch.Dim)))
	}
	state, err := step.NewState(arch, tresnet.Whole, tresnet.New(arch, 1))
	if err != nil {
		b.Fatal(err)
	}
	s, err := step.New(config, state, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	pixels := make([]uint8, batch*arch.InputSize*arch.InputSize*3)
	for i := range pixels {
		pixels[i] = uint8(random.Uint32())
	}
	targets := config.NewTargets()
	for i := range batch {
		var positives []int32
		for _, tag := range random.Perm(tags)[:5] {
			positives = append(positives, int32(tag))
		}
		if err := targets.Set(i, positives, nil); err != nil {
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
	b.ReportMetric(float64(batch*n)/b.Elapsed().Seconds(), "images/s")
}
