package decode_test

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/sdl-batch/sdl-batch/stages/decode"
)

// specimens are one image of each kind that has code of its own.
var specimens = []string{
	"jpeg-rgb-420-baseline.jpg", "jpeg-rgb-422-progressive.jpg", "jpeg-gray-22-restarts.jpg",
	"jpeg-ycck-421111-scans.jpg", "jpeg-cmyk-progressive.jpg", "jpeg-exif-6.jpg",
	"png-rgb.png", "png-ptrns.png", "png-type6-depth16-interlaced.png",
	"gif-local-interlaced.gif", "gif-off.gif",
	"webp-rgb-lossy-still.webp", "webp-rgba-lossy-animated.webp", "webp-rgba-lossless-still.webp",
	"bmp-rle8.bmp", "bmp-rle4.bmp", "bmp-p4.bmp", "bmp-565.bmp", "bmp-rgb.bmp",
}

func newDecoder(t testing.TB, limits decode.Limits) (d *decode.Decoder, dst []byte) {
	t.Helper()
	if limits.Timeout == 0 {
		limits.Timeout = patience
	}
	d, err := decode.New(decode.Spec{Size: 8, Filter: "bilinear", ApplyEXIF: true}, limits)
	if err != nil {
		t.Fatal(err)
	}
	return d, make([]byte, 3*8*8)
}

// code returns the reject code, "" for success. Any other kind of error, a code
// outside the list and a panic inside a decoder are failures.
func code(t testing.TB, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	var r *decode.Error
	if !errors.As(err, &r) {
		t.Fatalf("error %T %v, want a reject", err, err)
	}
	if !slices.Contains(decode.Codes, r.Code) || r.Code == decode.CodePanic || r.Message == "" {
		t.Fatalf("reject %q: %q", r.Code, r.Message)
	}
	return r.Code
}

// TestTruncated cuts each specimen at every byte. No prefix may decode unless
// only bytes behind the image are missing.
func TestTruncated(t *testing.T) {
	d, dst := newDecoder(t, decode.Limits{})
	for _, name := range specimens {
		body := readFile(t, "testdata/"+name)
		seen := map[string]int{}
		for n := range body {
			_, err := d.Decode(t.Context(), body[:n], dst)
			c := code(t, err)
			seen[c]++
			if c == "" && n < len(body)*9/10 {
				t.Errorf("%s: the first %d of %d bytes decode", name, n, len(body))
			}
			if c != "" && c != decode.CodeTruncated && n > 30 {
				t.Errorf("%s: %v after %d of %d bytes, want truncated", name, err, n, len(body))
			}
		}
		t.Logf("%s: %v", name, seen)
	}
}

// TestBitFlips damages each specimen in many places.
func TestBitFlips(t *testing.T) {
	d, dst := newDecoder(t, decode.Limits{MaxPixels: 1 << 20})
	random := rand.New(rand.NewPCG(1, 2))
	for _, name := range specimens {
		body := readFile(t, "testdata/"+name)
		seen := map[string]int{}
		for range 600 {
			damaged := bytes.Clone(body)
			for range 1 + random.IntN(4) {
				damaged[random.IntN(len(damaged))] ^= 1 << random.IntN(8)
			}
			_, err := d.Decode(t.Context(), damaged, dst)
			seen[code(t, err)]++
		}
		t.Logf("%s: %v", name, seen)
	}
}

// TestCodes pins the code of each kind of unusable body.
func TestCodes(t *testing.T) {
	jpeg := readFile(t, "testdata/jpeg-rgb-420-baseline.jpg")
	png := readFile(t, "testdata/png-rgb.png")
	arithmetic := bytes.Clone(jpeg)
	arithmetic[bytes.Index(jpeg, []byte{0xff, 0xc0})+1] = 0xc9
	cases := []struct {
		name, format, want string
		body               []byte
	}{
		{"empty", "", decode.CodeEmpty, nil},
		{"text", "", decode.CodeUnknownFormat, []byte("<html>not found</html>")},
		{"zeros", "", decode.CodeUnknownFormat, make([]byte, 4096)},
		{"tiff", "tiff", decode.CodeUnsupportedFormat, []byte("II*\x00\x08\x00\x00\x00")},
		{"heic", "heif", decode.CodeUnsupportedFormat, []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00")},
		{"avif", "avif", decode.CodeUnsupportedFormat, []byte("\x00\x00\x00\x18ftypavif\x00\x00\x00\x00")},
		{"svg", "svg", decode.CodeUnsupportedFormat, []byte("<?xml version=\"1.0\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\"/>")},
		{"psd", "psd", decode.CodeUnsupportedFormat, []byte("8BPS\x00\x01")},
		{"video", "", decode.CodeUnknownFormat, []byte("\x00\x00\x00\x18ftypisom\x00\x00\x00\x00")},
		{"arithmetic jpeg", "jpeg", decode.CodeUnsupportedFormat, arithmetic},
		{"jpeg of 0 x 0", "jpeg", decode.CodeCorrupt, jpegOfSize(jpeg, 0, 0)},
		{"huge jpeg", "jpeg", decode.CodeTooManyPixels, jpegOfSize(jpeg, 60000, 60000)},
		{"png of 0 x 5", "png", decode.CodeCorrupt, pngOfSize(png, 0, 5)},
		{"huge png", "png", decode.CodeTooManyPixels, pngOfSize(png, 60000, 60000)},
		{"long png", "png", decode.CodeTooManyPixels, pngOfSize(png, 70000, 1)},
		{"png of 4 billion", "png", decode.CodeTooManyPixels, pngOfSize(png, 1<<32-1, 1<<32-1)},
		{"huge gif", "gif", decode.CodeTooManyPixels, gifOfSize(65535, 65535)},
		{"huge gif frame", "gif", decode.CodeTooManyPixels, gifWithFrame(65535, 65535)},
		{"huge webp", "webp", decode.CodeTooManyPixels, webpOfSize(1<<24, 1<<24)},
		{"huge webp bitstream", "webp", decode.CodeTooManyPixels, losslessOfSize(16384, 16384)},
		{"webp in small canvas", "webp", decode.CodeCorrupt, webpWithBitstream(8, 8, 16384, 16384)},
		{"huge bmp", "bmp", decode.CodeTooManyPixels, bmpOfSize(60000, 60000, 24, 0)},
		{"huge run-length bmp", "bmp", decode.CodeTooManyPixels, bmpOfSize(60000, 60000, 8, 1)},
		{"bmp of least height", "bmp", decode.CodeTooManyPixels, bmpOfSize(1, -1<<31, 24, 0)},
		{"bmp of 0 x 0", "bmp", decode.CodeCorrupt, bmpOfSize(0, 0, 24, 0)},
		{"bmp without pixels", "bmp", decode.CodeTruncated, bmpOfSize(5000, 5000, 24, 0)},
	}
	d, dst := newDecoder(t, decode.Limits{})
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			info, err := d.Decode(t.Context(), c.body, dst)
			if got := code(t, err); got != c.want || info.Format != c.format {
				t.Errorf("%s %q, want %s %q: %v", info.Format, got, c.format, c.want, err)
			}
		})
	}
}

// TestPolyglot: bytes behind an image are not looked at, and bytes before it
// decide the format.
func TestPolyglot(t *testing.T) {
	d, dst := newDecoder(t, decode.Limits{})
	jpeg, png := readFile(t, "testdata/jpeg-rgb-420-baseline.jpg"), readFile(t, "testdata/png-rgb.png")
	for _, tail := range [][]byte{png, []byte("PK\x03\x04"), make([]byte, 5000)} {
		info, err := d.Decode(t.Context(), append(bytes.Clone(jpeg), tail...), dst)
		if err != nil || info.Format != decode.FormatJPEG {
			t.Errorf("jpeg and tail: %v %v", info, err)
		}
	}
	info, err := d.Decode(t.Context(), append([]byte("GIF89a"), jpeg...), dst)
	if code(t, err) == "" || info.Format != decode.FormatGIF {
		t.Errorf("gif signature and jpeg: %v %v", info, err)
	}
}

// TestByteLimit refuses long bodies before looking at them.
func TestByteLimit(t *testing.T) {
	body := readFile(t, "testdata/png-rgb.png")
	d, dst := newDecoder(t, decode.Limits{MaxBytes: int64(len(body)) - 1})
	if _, err := d.Decode(t.Context(), body, dst); code(t, err) != decode.CodeTooManyBytes {
		t.Error(err)
	}
}

// TestPixelLimit counts pixels, not sides.
func TestPixelLimit(t *testing.T) {
	body := readFile(t, "testdata/png-rgb.png")
	d, dst := newDecoder(t, decode.Limits{})
	info, err := d.Decode(t.Context(), body, dst)
	if err != nil {
		t.Fatal(err)
	}
	pixels := int64(info.Width) * int64(info.Height)
	exact, dst := newDecoder(t, decode.Limits{MaxPixels: pixels})
	if _, err := exact.Decode(t.Context(), body, dst); err != nil {
		t.Errorf("at the limit: %v", err)
	}
	under, dst := newDecoder(t, decode.Limits{MaxPixels: pixels - 1})
	if _, err := under.Decode(t.Context(), body, dst); code(t, err) != decode.CodeTooManyPixels {
		t.Errorf("over the limit: %v", err)
	}
}

// TestTimeout gives each format less time than any image takes.
func TestTimeout(t *testing.T) {
	d, dst := newDecoder(t, decode.Limits{Timeout: time.Nanosecond})
	for _, name := range specimens {
		if _, err := d.Decode(t.Context(), readFile(t, "testdata/"+name), dst); code(t, err) != decode.CodeTimeout {
			t.Errorf("%s: %v, want a timeout", name, err)
		}
	}
}

// TestCancelled: an ended context is no fault of the image.
func TestCancelled(t *testing.T) {
	stop := errors.New("stop")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(stop)
	d, dst := newDecoder(t, decode.Limits{})
	for _, name := range specimens {
		if _, err := d.Decode(ctx, readFile(t, "testdata/"+name), dst); !errors.Is(err, stop) {
			t.Errorf("%s: %v, want the context's cause", name, err)
		}
	}
}

// TestMemory holds the documented bound against what hostile and large images
// really take.
func TestMemory(t *testing.T) {
	limits := decode.Limits{MaxPixels: 4_000_000, MaxSide: 65_000, MaxBytes: 1 << 20, Timeout: patience}
	spec := decode.Spec{Size: 64, Filter: "bicubic", ApplyEXIF: true}
	bodies := map[string][]byte{
		"interlaced 16-bit png": interlacedPNG(2000, 2000),
		"wide png":              flatPNG(65_000, 61),
		"tall png":              flatPNG(61, 65_000),
	}
	for name, body := range bodies {
		t.Run(name, func(t *testing.T) {
			d, err := decode.New(spec, limits)
			if err != nil {
				t.Fatal(err)
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			if _, err := d.Decode(t.Context(), body, make([]byte, 3*64*64)); err != nil {
				t.Fatal(err)
			}
			runtime.ReadMemStats(&after)
			took := int64(after.TotalAlloc - before.TotalAlloc)
			t.Logf("%d MB allocated in all, bound %d MB", took>>20, limits.MaxMemory(spec)>>20)
			if took > limits.MaxMemory(spec) {
				t.Errorf("allocated %d bytes, over the bound of %d", took, limits.MaxMemory(spec))
			}
		})
	}
}

// FuzzDecode: whatever the bytes, a reject with a known code or pixels.
func FuzzDecode(f *testing.F) {
	for _, name := range specimens {
		f.Add(readFile(f, "testdata/"+name))
	}
	f.Add([]byte("GIF89a"))
	f.Fuzz(func(t *testing.T, body []byte) {
		d, dst := newDecoder(t, decode.Limits{MaxPixels: 1 << 18})
		_, err := d.Decode(t.Context(), body, dst)
		code(t, err)
	})
}
