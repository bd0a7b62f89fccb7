package history

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func drawPoints(t *rapid.T, values *rapid.Generator[float64]) (points []point) {
	for i, v := range rapid.SliceOfN(values, 1, 400).Draw(t, "values") {
		points = append(points, point{float64(i), v})
	}
	return points
}

func lower(a, b point) int {
	if a.y < b.y {
		return -1
	}
	return 1
}

// TestThinKeepsExtremes: few points, of the curve, in its order, with its ends,
// its highest and its lowest value.
func TestThinKeepsExtremes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		points := drawPoints(t, rapid.Float64Range(-1e3, 1e3))
		n := rapid.IntRange(1, 60).Draw(t, "stretches")
		got := thin(points, n)
		if len(got) > 2*n+2 && len(got) > len(points) || len(points) <= 2*n+2 && !slices.Equal(got, points) {
			t.Fatalf("%d of %d points for %d stretches", len(got), len(points), n)
		}
		for i, p := range got {
			if points[int(p.x)] != p || i > 0 && got[i-1].x >= p.x {
				t.Fatalf("point %d is %v", i, p)
			}
		}
		if got[0] != points[0] || got[len(got)-1] != points[len(points)-1] {
			t.Fatal("an end is missing")
		}
		if slices.MaxFunc(got, lower).y != slices.MaxFunc(points, lower).y || slices.MinFunc(got, lower).y != slices.MinFunc(points, lower).y {
			t.Fatal("an extreme is missing")
		}
	})
}

// TestSmoothIsAWeightedMean compares with the mean written out.
func TestSmoothIsAWeightedMean(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		points := drawPoints(t, rapid.Float64Range(-10, 10))
		got := smooth(points)
		if len(points) < 20 {
			if got != nil {
				t.Fatal("a short curve was smoothed")
			}
			return
		}
		keep := 1 - 1/max(2, float64(len(points))/40)
		for _, i := range []int{0, 1, len(points) / 2, len(points) - 1} {
			sum, weights := 0.0, 0.0
			for j, p := range points[:i+1] {
				w := math.Pow(keep, float64(i-j))
				sum, weights = sum+w*p.y, weights+w
			}
			if math.Abs(got[i].y-sum/weights) > 1e-9 || got[i].x != points[i].x {
				t.Fatalf("point %d: %v, want %v", i, got[i], sum/weights)
			}
		}
	})
}

// TestAxisHoldsItsPoints for values of any size: everything is inside, and the
// ticks are few, apart and in order.
func TestAxisHoldsItsPoints(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		scale := math.Pow(10, float64(rapid.IntRange(-90, 90).Draw(t, "scale")))
		unit := rapid.OneOf(rapid.Float64Range(0, 1), rapid.Float64Range(-1, 1), rapid.Float64Range(1, 1.001), rapid.Just(0.25), rapid.Just(0.))
		points := drawPoints(t, rapid.Map(unit, func(v float64) float64 { return v * scale }))
		a := axisOf(points, rapid.Bool().Draw(t, "log"))
		for _, p := range points {
			if at := a.at(p.y); !(at >= -1e-9 && at <= 1+1e-9) {
				t.Fatalf("%v is at %v of %+v", p.y, at, a)
			}
		}
		ticks := a.ticks(5)
		if len(ticks) < 1 || len(ticks) > 12 {
			t.Fatalf("ticks %v of %+v", ticks, a)
		}
		for i, tick := range ticks {
			if tick.At < -1e-6 || tick.At > 100+1e-6 || i > 0 && (ticks[i-1].At >= tick.At || ticks[i-1].Label == tick.Label) {
				t.Fatalf("ticks %v of %+v", ticks, a)
			}
		}
	})
}

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		axis axis
		want []string
	}{
		{axis{low: 0, high: 1}, []string{"0.0", "0.2", "0.4", "0.6", "0.8", "1.0"}},
		{axis{low: -0.03, high: 0.06}, []string{"-0.02", "0.00", "0.02", "0.04", "0.06"}},
		{axis{low: 900, high: 26000}, []string{"10,000", "20,000"}},
		{axis{low: 0, high: 2.6e-5}, []string{"0", "1e-5", "2e-5"}},
		{axis{10, 1500, true}, []string{"10", "20", "50", "100", "200", "500", "1000"}},
		{axis{0.5, 5e8, true}, []string{"1", "100", "10,000", "1,000,000", "1e8"}},
	} {
		var got []string
		for _, tick := range c.axis.ticks(5) {
			got = append(got, tick.Label)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%+v: %q, want %q", c.axis, got, c.want)
		}
	}
	for v, want := range map[float64]string{0: "0", 12: "12", 2.5e-5: "2.5e-5", 0.123456: "0.1235", 12345.6: "12,346", 1234567: "1,234,567", -98765: "-98,765", 1e12: "1e12", 3.25: "3.25", math.Inf(1): "+Inf"} {
		if got := short(v); got != want {
			t.Errorf("%v is written %q, want %q", v, got, want)
		}
	}
}

func TestSpreadIsEvenAndHasTheLast(t *testing.T) {
	for _, c := range []struct {
		n, most int
		want    []int
	}{{0, 5, nil}, {3, 5, []int{0, 1, 2}}, {10, 5, []int{1, 3, 5, 7, 9}}, {7, 3, []int{1, 3, 6}}} {
		if got := spread(c.n, c.most); !slices.Equal(got, c.want) {
			t.Errorf("spread(%d, %d) = %v, want %v", c.n, c.most, got, c.want)
		}
	}
}
