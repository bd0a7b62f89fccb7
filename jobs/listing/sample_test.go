package listing

import (
	"testing"

	"github.com/sdl-batch/sdl-batch/storage/columnar"
)

// TestEachRowIsAsLikely draws 10 of 20 many times.
func TestEachRowIsAsLikely(t *testing.T) {
	const rows, size, draws = 20, 10, 4000
	var times [rows]int
	for seed := range uint64(draws) {
		r := newReservoir(size, seed)
		for i := range int64(rows) {
			r.show(columnar.ManifestRow{Size: i})
		}
		if len(r.sorted()) != size {
			t.Fatalf("a sample of %d", len(r.rows))
		}
		for _, n := range r.rows {
			times[n.row.Size]++
		}
	}
	for i, n := range times { // 2000 with a standard deviation of 32
		if n < 1850 || n > 2150 {
			t.Errorf("row %d was drawn %d times of %d", i, n, draws)
		}
	}
}
