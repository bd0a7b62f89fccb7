package main

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/sdl-batch/sdl-batch/jobs/label"
	"github.com/sdl-batch/sdl-batch/model/ort"
	"github.com/sdl-batch/sdl-batch/stages/decode/decodetest"
)

// decoders are so many that images of the largest kind, all decoded at once, would
// take more than the bound.
const decoders = 8

// TestMemoryIsBoundedWhateverTheImages labels ten thousand rows with bombs among
// them, as many at once as there are decoders, in a process of its own. It may
// take no more than the bound it tells of beside what it takes without them.
func TestMemoryIsBoundedWhateverTheImages(t *testing.T) {
	if _, err := ort.Find(library(), ""); err != nil {
		t.Skipf("SKIPPED, NOT PASSED: %v", err)
	}
	if testing.Short() {
		t.Skip("SKIPPED, NOT PASSED: -short")
	}
	dir, rows, rounds := t.TempDir(), 10_000, 1
	if os.Getenv("SDL_TORTURE") != "" {
		rounds = 20
	}
	bombs := writeBombs(t, dir)
	names := make([]string, rows)
	for i := range names {
		names[i] = []string{"words.jpg", "cut.png", "words.jpg", "cut.png", "gone.gif", "cut.png", "words.jpg", "dot.png"}[i%8]
	}
	usual := labelMeasured(t, dir, "usual", names)
	for i := range rounds * len(bombs) { // in flocks of as many as are decoded at once
		names[i/decoders*decoders*rows/(rounds*len(bombs)+decoders)+i%decoders] = bombs[i%len(bombs)]
	}
	most := labelMeasured(t, dir, "bombs", names)
	t.Logf("%d MiB, with bombs %d MiB, bound %d MiB more", usual.peak>>20, most.peak>>20, most.bound>>20)
	if most.peak > usual.peak+most.bound {
		t.Errorf("%d bytes over the bound", most.peak-usual.peak-most.bound)
	}
	if most.peak < usual.peak+700<<20 {
		t.Error("the bombs took little: were they decoded?")
	}
}

// writeBombs writes small images, and some that are as large as may be; it names
// the latter.
func writeBombs(t *testing.T, dir string) (names []string) {
	var dot bytes.Buffer
	if err := png.Encode(&dot, image.NewRGBA(image.Rect(0, 0, 8, 8))); err != nil {
		t.Fatal(err)
	}
	write := func(name string, body []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), body, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("dot.png", dot.Bytes())
	write("cut.png", dot.Bytes()[:60])
	write("words.jpg", []byte("not found"))
	const width, height = 7072, 7064 // just under 50 million pixels
	const mostBytes = 64 << 20
	bombs := append(decodetest.Maxima(width, height),
		decodetest.Image{Name: "groups.webp", Body: decodetest.Groups(2600)},
		decodetest.Image{Name: "heavy.jpg", Body: decodetest.Padded(decodetest.Baseline(width, height), mostBytes)},
		decodetest.Image{Name: "heavier.jpg", Body: decodetest.Padded(decodetest.Baseline(8, 8), mostBytes+1)},
		decodetest.Image{Name: "too large.png", Body: decodetest.PNG(60_000, 8_000, 1, 0, false)})
	for _, b := range bombs {
		write(b.Name, b.Body)
		names = append(names, b.Name)
	}
	write("deep.png", decodetest.PNG(width, height, 16, 6, false))
	return append(slices.Repeat([]string{"deep.png"}, decoders), names...)
}

type measured struct{ peak, bound int64 } // bytes

var boundWords = regexp.MustCompile(`msg="memory bounded" bytes=(\d+)`)

func labelMeasured(t *testing.T, dir, run string, names []string) measured {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, run+".txt"), []byte(strings.Join(names, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := start(t, dir, "run", "--manifest", run+".txt", "--output", run, "--run-id", run, "--decoders", strconv.Itoa(decoders), "--max-reject-rate", "1")
	words := s.mustEnd(t, 0)
	found := boundWords.FindStringSubmatch(words)
	if found == nil {
		t.Fatalf("no bound is told of:\n%s", words)
	}
	bound, err := strconv.ParseInt(found[1], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	usage := s.command.ProcessState.SysUsage().(*syscall.Rusage)
	return measured{peak: usage.Maxrss << 10, bound: bound}
}

// TestAJobBoundsItsMemory: the runtime is told, and a lower limit stays.
func TestAJobBoundsItsMemory(t *testing.T) {
	before := debug.SetMemoryLimit(-1)
	defer debug.SetMemoryLimit(before)
	var shown []label.Event
	show := bounded(func(e label.Event) { shown = append(shown, e) })
	const gib = 1 << 30
	for _, c := range []struct{ bound, least, most int64 }{{20 * gib, 18 * gib, 20 * gib}, {10 * gib, 9 * gib, 11 * gib}, {15 * gib, 9 * gib, 11 * gib}} {
		show(label.Bounded{Bytes: c.bound})
		if got := debug.SetMemoryLimit(-1); got < c.least || got > c.most {
			t.Errorf("a bound of %d gives a limit of %d", c.bound, got)
		}
	}
	if len(shown) < 3 || fmt.Sprint(shown[0]) != fmt.Sprint(label.Bounded{Bytes: 20 * gib}) {
		t.Errorf("shown: %v", shown)
	}
}
