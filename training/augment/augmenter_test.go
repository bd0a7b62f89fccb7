package augment

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
)

func seeded(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }

func augmenter(t testing.TB, c Config) *Augmenter {
	t.Helper()
	a, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// applied returns the image large(size) after c.
func applied(t testing.TB, c Config, size int, seed uint64) []byte {
	rgb := large(size)
	augmenter(t, c).Apply(rgb, size, seeded(seed))
	return rgb
}

func TestZeroConfigLeavesTheImage(t *testing.T) {
	for seed := range uint64(20) {
		if !bytes.Equal(applied(t, Config{}, 31, seed), large(31)) {
			t.Fatalf("seed %d changed it", seed)
		}
	}
}

// TestSeedDecides also runs from several goroutines and over images of changing
// size: nothing but the seed may matter.
func TestSeedDecides(t *testing.T) {
	c := Reference()
	c.Flip = true
	var workers sync.WaitGroup
	for range 4 {
		workers.Go(func() {
			a := augmenter(t, c)
			for seed := range uint64(40) {
				size := 1 + int(seed)%37
				rgb := large(size)
				a.Apply(rgb, size, seeded(seed))
				if !bytes.Equal(rgb, applied(t, c, size, seed)) {
					t.Errorf("seed %d of size %d gave two pictures", seed, size)
				}
			}
		})
	}
	workers.Wait()
	distinct := map[string]bool{}
	for seed := range uint64(100) {
		distinct[string(applied(t, c, 24, seed))] = true
	}
	if len(distinct) < 95 {
		t.Errorf("100 seeds gave %d pictures", len(distinct))
	}
}

func TestFlipMirrorsHalfOfTheImages(t *testing.T) {
	const size = 7
	rgb, mirrored := large(size), make([]byte, 3*size*size)
	for y := range size {
		for x := range size {
			copy(mirrored[3*(y*size+x):], rgb[3*(y*size+size-1-x):][:3])
		}
	}
	flipped := 0
	for seed := range uint64(400) {
		switch got := applied(t, Config{Flip: true}, size, seed); {
		case bytes.Equal(got, mirrored):
			flipped++
		case !bytes.Equal(got, rgb):
			t.Fatalf("seed %d gave neither image nor mirror image", seed)
		}
	}
	if flipped < 150 || flipped > 250 {
		t.Errorf("%d of 400 were mirrored", flipped)
	}
}

// TestCutoutIsASquareOfOneColour looks at what is no longer black: a square of
// half the side, cut off at the border, anywhere in the image.
func TestCutoutIsASquareOfOneColour(t *testing.T) {
	const size, side = 21, 11 // half of 21, rounded up
	whole, reached := 0, [size * size]bool{}
	colours := map[[3]byte]bool{}
	for seed := range uint64(3000) {
		rgb := make([]byte, 3*size*size)
		augmenter(t, Config{Cutout: 0.5}).Apply(rgb, size, seeded(seed))
		box := filled(t, rgb, size, reached[:])
		colours[box.colour] = true
		width, height := box.right-box.left, box.bottom-box.top
		if width > side || height > side || width < side && box.left > 0 && box.right < size || height < side && box.top > 0 && box.bottom < size {
			t.Fatalf("seed %d filled %+v", seed, box)
		}
		if width == side && height == side {
			whole++
		}
	}
	if slices.Contains(reached[:], false) {
		t.Error("some pixel was never covered")
	}
	// 11 of the 21 centres a side leave the square whole.
	if share := float64(whole) / 3000; math.Abs(share-11*11/441.) > 0.04 || len(colours) < 2900 {
		t.Errorf("%.3f of the squares were whole, of %d colours", share, len(colours))
	}
}

type box struct {
	left, top, right, bottom int
	colour                   [3]byte
}

// filled returns the square that is not black, and fails unless it is one.
func filled(t *testing.T, rgb []byte, size int, reached []bool) box {
	t.Helper()
	b, count := box{left: size, top: size}, 0
	for i := range reached {
		colour := [3]byte(rgb[3*i:])
		if colour == [3]byte{} {
			continue
		}
		x, y := i%size, i/size
		reached[i] = true
		count++
		if count > 1 && colour != b.colour {
			t.Fatal("two colours")
		}
		b = box{min(b.left, x), min(b.top, y), max(b.right, x+1), max(b.bottom, y+1), colour}
	}
	if count != (b.right-b.left)*(b.bottom-b.top) {
		t.Fatalf("%d pixels in %+v", count, b)
	}
	return b
}

// TestMagnitudes compares with torchvision's RandAugment (31 bins, height and
// width 224) and, for SolarizeAdd, tensorflow/tpu's range.
func TestMagnitudes(t *testing.T) {
	for _, c := range []struct {
		name           string
		at9, at30, low float64 // low: at magnitude 9 with the sign drawn negative
	}{
		{"Rotate", 9, 30, -9},
		{"ShearX", 0.09, 0.3, -0.09},
		{"ShearY", 0.09, 0.3, -0.09},
		{"TranslateX", 30, 101, -30}, // 224·150/331·0.3 = 30.45
		{"TranslateY", 30, 101, -30},
		{"Color", 1.27, 1.9, 0.73},
		{"Contrast", 1.27, 1.9, 0.73},
		{"Brightness", 1.27, 1.9, 0.73},
		{"Sharpness", 1.27, 1.9, 0.73},
		{"Posterize", 7, 4, math.NaN()},
		{"Solarize", 179.2, 0, math.NaN()},
		{"SolarizeAdd", 33, 110, math.NaN()},
	} {
		k := kindNamed(t, c.name)
		if got := [2]float64{k.at(0.3, 224), k.at(1, 224)}; math.Abs(got[0]-c.at9) > 1e-12 || math.Abs(got[1]-c.at30) > 1e-12 {
			t.Errorf("%s: %v, want %v and %v", c.name, got, c.at9, c.at30)
		}
		if got := k.at(-0.3, 224); k.signed && math.Abs(got-c.low) > 1e-12 || k.signed == math.IsNaN(c.low) {
			t.Errorf("%s: signed %v, %v at −9", c.name, k.signed, got)
		}
	}
}

func TestOperationsAreDrawnAlike(t *testing.T) {
	const draws = 16000
	rng, counts, negative := seeded(3), map[string]int{}, map[string]int{}
	for range draws {
		o := randomOperation(9, rng)
		counts[o.kind.name]++
		if math.Abs(o.t) != 0.3 {
			t.Fatalf("strength %v", o.t)
		}
		if o.t < 0 {
			negative[o.kind.name]++
		}
	}
	for _, k := range kinds {
		n, minus := counts[k.name], negative[k.name]
		if n < 850 || n > 1150 {
			t.Errorf("%s drawn %d times of %d", k.name, n, draws)
		}
		if !k.signed && minus > 0 || k.signed && (minus < n*2/5 || minus > n*3/5) {
			t.Errorf("%s negative %d times of %d", k.name, minus, n)
		}
	}
}

// TestOpsAreApplied: after n operations a picture is one that n operations
// drawn from the same numbers give.
func TestOpsAreApplied(t *testing.T) {
	for ops := range 4 {
		for seed := range uint64(30) {
			want, rng := large(16), seeded(seed)
			for range ops {
				randomOperation(20, rng).apply(picture{want, make([]byte, len(want)), 16})
			}
			if !bytes.Equal(applied(t, Config{Ops: ops, Magnitude: 20}, 16, seed), want) {
				t.Fatalf("%d operations of seed %d", ops, seed)
			}
		}
	}
}

func TestValidateTellsAllProblems(t *testing.T) {
	if err := Reference().Validate(); err != nil {
		t.Error(err)
	}
	_, err := New(Config{Cutout: math.NaN(), Ops: -1, Magnitude: 31})
	for _, word := range []string{"cutout", "operations", "magnitude"} {
		if err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%v lacks %s", err, word)
		}
	}
	if _, err := New(Config{Cutout: 1.1}); err == nil {
		t.Error("cutout of more than the image")
	}
}

func TestWrongSizePanics(t *testing.T) {
	defer func() {
		if p, _ := recover().(string); !strings.HasPrefix(p, "augment: ") {
			t.Errorf("panic %q", p)
		}
	}()
	augmenter(t, Config{}).Apply(make([]byte, 10), 2, seeded(1))
}

func TestSteadyStateAllocatesNothing(t *testing.T) {
	c := Reference()
	c.Flip, c.Ops = true, 8
	a, rgb, rng := augmenter(t, c), large(20), seeded(1)
	a.Apply(rgb, 20, rng)
	if n := testing.AllocsPerRun(200, func() { a.Apply(rgb, 20, rng) }); n > 0 {
		t.Errorf("%v allocations an image", n)
	}
}

func BenchmarkReference(b *testing.B) {
	a, rgb, rng := augmenter(b, Reference()), large(224), seeded(1)
	b.SetBytes(int64(len(rgb)))
	for b.Loop() {
		a.Apply(rgb, 224, rng)
	}
}

func BenchmarkOperation(b *testing.B) {
	p := picture{large(224), make([]byte, 3*224*224), 224}
	for _, k := range kinds {
		b.Run(k.name, func(b *testing.B) {
			for b.Loop() {
				operation{&k, 0.3}.apply(p)
			}
		})
	}
}
