package labels_test

import (
	"math"
	"slices"
	"testing"

	"github.com/sdl-batch/sdl-batch/training/labels"
)

func order(n int64, seed, epoch uint64) []int64 {
	p := labels.Shuffle(n, seed, epoch)
	out := make([]int64, 0, n)
	for i := range p.Len() {
		out = append(out, p.At(i))
	}
	return out
}

func TestEveryRowComesOnce(t *testing.T) {
	sizes := []int64{0, 1, 2, 3, 4, 5, 15, 16, 17, 255, 256, 257, 1000, 4095, 4096, 4097, 65537}
	for _, n := range sizes {
		got := order(n, 7, 3)
		slices.Sort(got)
		for i, x := range got {
			if x != int64(i) {
				t.Fatalf("of %d rows, %d comes at place %d", n, x, i)
			}
		}
	}
}

// TestSmallOrdersAreEquallyLikely draws orders of a few rows: each must come in
// its share of the epochs.
func TestSmallOrdersAreEquallyLikely(t *testing.T) {
	for n, orders := range map[int64]int{2: 2, 3: 6, 4: 24, 5: 120} {
		count := map[[5]int64]int{}
		epochs := 1000 * orders
		for e := range uint64(epochs) {
			var o [5]int64
			copy(o[:], order(n, 1, e))
			count[o]++
		}
		var chi float64
		for _, times := range count {
			chi += (float64(times) - 1000) * (float64(times) - 1000) / 1000
		}
		free := float64(orders - 1)
		if len(count) != orders || chi > free+4*math.Sqrt(2*free)+4 {
			t.Errorf("%d rows: %d orders, chi-squared %.1f with %.0f degrees of freedom", n, len(count), chi, free)
		}
	}
}

// TestPlacesAreEquallyLikely: of rows that are few, each comes to each place in
// its share of the epochs.
func TestPlacesAreEquallyLikely(t *testing.T) {
	for _, n := range []int64{7, 16, 17} {
		const each = 400
		count := make([]float64, n*n)
		for e := range uint64(each * n) {
			for i, x := range order(n, 9, e) {
				count[int64(i)*n+x]++
			}
		}
		var chi float64
		for _, times := range count {
			chi += (times - each) * (times - each) / each
		}
		if free := float64((n - 1) * (n - 1)); chi > free+4*math.Sqrt(2*free)+4 {
			t.Errorf("%d rows: chi-squared %.1f with %.0f degrees of freedom", n, chi, free)
		}
	}
}

// TestOrdersAreShuffled: places and rows are uncorrelated, neighbours are far
// apart, and as many rows stay where they are as in a random order, about one.
func TestOrdersAreShuffled(t *testing.T) {
	const n = 10000
	var fixed int
	for epoch := range uint64(20) {
		got := order(n, 5, epoch)
		var covariance, steps float64
		for i, x := range got {
			if x == int64(i) {
				fixed++
			}
			covariance += (float64(i) - n/2) * (float64(x) - n/2)
			if i > 0 {
				steps += math.Abs(float64(x - got[i-1]))
			}
		}
		if r := covariance / (n * float64(n) * n / 12); math.Abs(r) > 0.04 {
			t.Errorf("epoch %d: correlation %.3f", epoch, r)
		}
		if step := steps / n / n; math.Abs(step-1./3) > 0.02 {
			t.Errorf("epoch %d: neighbours are %.3f n apart, want a third", epoch, step)
		}
	}
	if fixed > 45 { // Poisson, mean 20
		t.Errorf("%d rows of 20 epochs stay in place", fixed)
	}
}

func TestEpochsAndSeedsHaveOrdersOfTheirOwn(t *testing.T) {
	const n = 10000
	base := order(n, 1, 0)
	if !slices.Equal(base, order(n, 1, 0)) {
		t.Fatal("the same seed and epoch gave another order")
	}
	for _, other := range [][]int64{order(n, 1, 1), order(n, 2, 0), order(n, 0, 1), order(n, math.MaxUint64, 0)} {
		same := 0
		for i := range base {
			if base[i] == other[i] {
				same++
			}
		}
		if same > 10 {
			t.Errorf("%d of %d places agree", same, n)
		}
	}
}

func TestLargeOrdersTakeNoMemory(t *testing.T) {
	p := labels.Shuffle(1<<40, 1, 1)
	if n := testing.AllocsPerRun(100, func() { p.At(123456789) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
	if x := p.At(1<<40 - 1); x < 0 || x >= 1<<40 {
		t.Errorf("row %d", x)
	}
}
