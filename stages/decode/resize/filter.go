package resize

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Filter is a resampling kernel: an even function that is zero outside
// ±support, in units of output pixels when shrinking and of input pixels when
// enlarging.
type Filter struct {
	Name    string
	support float64
	weight  func(x float64) float64
}

// filters are Pillow's antialiasing kernels under Pillow's names.
var filters = []Filter{
	{"box", 0.5, box},
	{"bilinear", 1, triangle},
	{"hamming", 1, hamming},
	{"bicubic", 2, cubic},
	{"lanczos", 3, lanczos},
}

// FilterByName returns the kernel called name: box, bilinear, hamming, bicubic
// or lanczos.
func FilterByName(name string) (Filter, error) {
	for _, f := range filters {
		if f.Name == name {
			return f, nil
		}
	}
	return Filter{}, fmt.Errorf("unknown resize filter %q, want one of %s", name, strings.Join(FilterNames(), ", "))
}

// FilterNames lists the names that FilterByName knows, sorted.
func FilterNames() []string {
	names := make([]string, 0, len(filters))
	for _, f := range filters {
		names = append(names, f.Name)
	}
	slices.Sort(names)
	return names
}

func box(x float64) float64 {
	if x > -0.5 && x <= 0.5 {
		return 1
	}
	return 0
}

func triangle(x float64) float64 {
	return math.Max(0, 1-math.Abs(x))
}

func hamming(x float64) float64 {
	x = math.Abs(x)
	if x == 0 {
		return 1
	}
	if x >= 1 {
		return 0
	}
	x *= math.Pi
	return math.Sin(x) / x * (0.54 + float64(0.46*math.Cos(x)))
}

// cubic is Keys' kernel with a = -0.5. The conversions keep a compiler from
// fusing a product and a sum, which would change the last bit between machines.
func cubic(x float64) float64 {
	const a = -0.5
	x = math.Abs(x)
	switch {
	case x < 1:
		return float64(float64((float64((a+2)*x)-(a+3))*x)*x) + 1
	case x < 2:
		return (float64((float64((x-5)*x)+8)*x) - 4) * a
	}
	return 0
}

func lanczos(x float64) float64 {
	if x < -3 || x >= 3 {
		return 0
	}
	return sinc(x) * sinc(x/3)
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	x *= math.Pi
	return math.Sin(x) / x
}
