package evaluate_test

import (
	"math/rand/v2"
	"testing"

	"github.com/sdl-batch/sdl-batch/training/evaluate"
	"github.com/sdl-batch/sdl-batch/training/labels"
)

// BenchmarkEvaluate is a fifth of the NUS-WIDE test set: 20,000 images, 1006
// tags.
func BenchmarkEvaluate(b *testing.B) {
	const n, c = 20_000, 1006
	vocab := vocabulary(c, func(id int) bool { return id >= 81 })
	random := rand.New(rand.NewPCG(1, 1))
	rows := make([]labels.Row, n)
	for i := range rows {
		for id := int32(random.IntN(200)); id < c; id += 1 + int32(random.IntN(400)) {
			rows[i].Positives = append(rows[i].Positives, id)
		}
	}
	scores := make([]float32, c)
	for range b.N {
		a := evaluate.New(vocab, evaluate.Options{})
		for _, row := range rows {
			for id := range scores {
				scores[id] = random.Float32()
			}
			a.Add(scores, row)
		}
		a.Result()
	}
}
