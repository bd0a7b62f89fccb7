package columnar_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/sdl-batch/sdl-batch/storage/columnar"
)

// BenchmarkFormats writes and reads 4,096 matrices of 7 x 300 in each format.
func BenchmarkFormats(b *testing.B) {
	const rows, k, d = 4096, 7, 300
	random := rand.New(rand.NewPCG(1, 2))
	matrix := make([]float32, k*d)
	for i := range matrix {
		matrix[i] = float32(random.NormFloat64())
	}
	for _, format := range columnar.Formats {
		var file bytes.Buffer
		write := func() {
			file.Reset()
			w, err := columnar.NewEmbeddingWriter(&file, k, d, columnar.Options{Format: format})
			ok(b, err)
			for row := range rows {
				for i := range matrix {
					matrix[i] = float32(random.NormFloat64())
				}
				ok(b, w.Append(int64(row), fmt.Sprint("photos/", row, ".jpg"), matrix))
			}
			ok(b, w.Close())
		}
		write()
		b.Run("write/"+string(format), func(b *testing.B) {
			b.SetBytes(4 * rows * k * d)
			for b.Loop() {
				write()
			}
			b.ReportMetric(float64(file.Len())/(4*rows*k*d), "size")
		})
		b.Run("read/"+string(format), func(b *testing.B) {
			b.SetBytes(4 * rows * k * d)
			for b.Loop() {
				ok(b, open(b, file.Bytes()).Embeddings(b.Context(), func(columnar.Embedding) error { return nil }))
			}
		})
	}
}
