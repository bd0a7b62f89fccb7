package resize

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// TestAgainstPlainArithmetic compares with the method written out: two passes,
// one sample at a time, rounded to 8 bits after each. Pillow's own pixels are
// compared in package decode.
func TestAgainstPlainArithmetic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		width, height := rapid.IntRange(1, 60).Draw(t, "width"), rapid.IntRange(1, 60).Draw(t, "height")
		size := rapid.IntRange(1, 40).Draw(t, "size")
		f, err := FilterByName(rapid.SampledFrom(FilterNames()).Draw(t, "filter"))
		if err != nil {
			t.Fatal(err)
		}
		rgb := noise(rapid.Uint64().Draw(t, "seed"), 3*width*height)
		want := plain(f, rgb, width, height, size)
		got := make([]byte, 3*size*size)
		r, err := New(size, f)
		if err != nil {
			t.Fatal(err)
		}
		r.Begin(width, height)
		for _, y := range rapid.Permutation(ascending(height)).Draw(t, "order") {
			r.Row(y, rgb[3*width*y:])
		}
		r.Finish(got)
		if !bytes.Equal(got, want) {
			t.Fatalf("%d x %d to %d with %s differs", width, height, size, f.Name)
		}
	})
}

// plain resizes as the package's documentation says.
func plain(f Filter, rgb []byte, width, height, size int) []byte {
	across, down := newTaps(f, axis{width, size, 0}, size), newTaps(f, axis{height, size, 0}, size)
	rows := make([]byte, 3*size*height)
	for y := range height {
		for x, w := range across.windows {
			for c := range 3 {
				rows[3*(y*size+x)+c] = weigh(w, func(i int) byte { return rgb[3*(y*width+i)+c] })
			}
		}
	}
	out := make([]byte, 3*size*size)
	for y, w := range down.windows {
		for x := range 3 * size {
			out[3*size*y+x] = weigh(w, func(i int) byte { return rows[3*size*i+x] })
		}
	}
	return out
}

func weigh(w window, sample func(i int) byte) byte {
	sum := int64(1) << (fractionBits - 1)
	for i, k := range w.weights {
		sum += int64(k) * int64(sample(w.start+i))
	}
	return byte(max(0, min(sum>>fractionBits, 255)))
}

// TestSameSizeIsIdentity: an image of the output's size passes unchanged.
func TestSameSizeIsIdentity(t *testing.T) {
	for _, name := range FilterNames() {
		f, _ := FilterByName(name)
		r, err := New(33, f)
		if err != nil {
			t.Fatal(err)
		}
		rgb, got := noise(7, 3*33*33), make([]byte, 3*33*33)
		r.Begin(33, 33)
		for y := range 33 {
			r.Row(y, rgb[3*33*y:])
		}
		r.Finish(got)
		if !bytes.Equal(got, rgb) {
			t.Errorf("%s changes an image of the right size", name)
		}
	}
}

// TestNoGarbage: after the first image of a size, none allocates.
func TestNoGarbage(t *testing.T) {
	r, rgb := benchmarkImage(t)
	dst := make([]byte, 3*224*224)
	run(r, rgb, dst)
	if n := testing.AllocsPerRun(5, func() { run(r, rgb, dst) }); n != 0 {
		t.Errorf("%v allocations an image", n)
	}
}

// TestTapsAreForgotten keeps the remembered weights within their budget.
func TestTapsAreForgotten(t *testing.T) {
	f, _ := FilterByName("bicubic")
	r, err := New(64, f)
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; n < 300_000; n += 49_999 {
		r.Begin(n, 1)
		if r.knownBytes > tapsBudgetBytes {
			t.Fatalf("%d bytes of weights, over %d", r.knownBytes, tapsBudgetBytes)
		}
	}
}

func TestUnknownFilter(t *testing.T) {
	if _, err := FilterByName("nearest"); err == nil {
		t.Error("nearest is no antialiasing filter")
	}
	if _, err := New(0, filters[0]); err == nil {
		t.Error("size 0 accepted")
	}
}

func BenchmarkResize(b *testing.B) {
	r, rgb := benchmarkImage(b)
	dst := make([]byte, 3*224*224)
	b.ReportAllocs()
	for b.Loop() {
		run(r, rgb, dst)
	}
}

func benchmarkImage(t testing.TB) (*Resizer, []byte) {
	f, _ := FilterByName("bicubic")
	r, err := New(224, f)
	if err != nil {
		t.Fatal(err)
	}
	return r, noise(1, 3*500*375)
}

func run(r *Resizer, rgb, dst []byte) {
	r.Begin(500, 375)
	for y := range 375 {
		r.Row(y, rgb[3*500*y:])
	}
	r.Finish(dst)
}

func noise(seed uint64, n int) []byte {
	random := rand.New(rand.NewPCG(seed, 0))
	out := make([]byte, n)
	for i := range out {
		out[i] = byte(random.Uint32())
	}
	return out
}

func ascending(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}
