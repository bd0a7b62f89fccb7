package decode

import (
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/sdl-batch/sdl-batch/stages/decode/decodetest"
)

// TestReservedMemoryIsEnough decodes the largest images of each kind: what is
// allocated, garbage counted, is at most what was reserved for the image and what
// a worker has of its own, and no reservation is over the documented bound.
func TestReservedMemoryIsEnough(t *testing.T) {
	const width, height = 2400, 2000
	limits := Limits{MaxPixels: width * height, MaxSide: width, Timeout: time.Hour}
	spec := Spec{Size: 64, Filter: "bicubic", ApplyEXIF: true}
	own := limits.withDefaults().rowMemory(spec) + fixedBytes
	images := append(decodetest.Maxima(width, height),
		decodetest.Image{Name: "groups.webp", Width: 256, Height: 256, Body: decodetest.Groups(maxGroups)},
		decodetest.Image{Name: "wide.png", Width: width, Height: 8, Body: decodetest.PNG(width, 8, 16, 6, true)})
	for _, image := range images {
		t.Run(image.Name, func(t *testing.T) {
			took, reserved := decodeMeasured(t, spec, limits, image)
			t.Logf("%d bytes of file: %.1f MB reserved, %.1f MB allocated", len(image.Body), float64(reserved)/1e6, float64(took)/1e6)
			if took > reserved+own {
				t.Errorf("%d bytes allocated, over %d reserved and %d of the worker's own", took, reserved, own)
			}
			if most := limits.MaxMemory(spec); reserved > most {
				t.Errorf("%d bytes reserved, over the documented %d", reserved, most)
			}
		})
	}
}

// decodeMeasured decodes an image and tells what was allocated and what was
// reserved meanwhile; freeBytes where nothing needed to be.
func decodeMeasured(t *testing.T, spec Spec, limits Limits, image decodetest.Image) (took, reserved int64) {
	t.Helper()
	d, err := New(spec, limits)
	if err != nil {
		t.Fatal(err)
	}
	all := newBudget(1 << 40)
	d.budget, reserved = all, freeBytes
	row := d.row
	d.row = func(y int, rgb []byte) { reserved = max(reserved, d.claimed); row(y, rgb) }
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	info, err := d.Decode(t.Context(), image.Body, make([]byte, 3*spec.Size*spec.Size))
	runtime.ReadMemStats(&after)
	if err != nil || info.Width != image.Width || info.Height != image.Height {
		t.Fatalf("%+v, %v", info, err)
	}
	if !all.free.TryAcquire(all.total) {
		t.Error("not all that was reserved was given back")
	}
	return int64(after.TotalAlloc - before.TotalAlloc), reserved
}

// TestTooManyGroups: golang.org/x/image refuses what the bound does not hold.
func TestTooManyGroups(t *testing.T) {
	d, err := New(Spec{Size: 8, Filter: "box"}, Limits{Timeout: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	var r *Error
	if _, err := d.Decode(t.Context(), decodetest.Groups(maxGroups+1), make([]byte, 3*8*8)); !errors.As(err, &r) || r.Code != CodeCorrupt {
		t.Errorf("%v, want code %s", err, CodeCorrupt)
	}
}

// TestDecodersKeepLittle: buffers of large images go with them.
func TestDecodersKeepLittle(t *testing.T) {
	d, err := New(Spec{Size: 8, Filter: "box", ApplyEXIF: true}, Limits{Timeout: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	for _, image := range decodetest.Maxima(2400, 2000) {
		if _, err := d.Decode(t.Context(), image.Body, make([]byte, 3*8*8)); err != nil {
			t.Fatalf("%s: %v", image.Name, err)
		}
		kept := cap(d.indices) + cap(d.canvas.stored)
		if kept > 2*keepBytes {
			t.Errorf("%s leaves %d bytes", image.Name, kept)
		}
	}
}
