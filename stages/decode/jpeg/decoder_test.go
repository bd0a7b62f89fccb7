package jpeg

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	stdlib "image/jpeg"
	"math"
	"math/rand/v2"
	"testing"
)

// TestInverseDCT compares with the cosine sum in floating point. Both round to
// integers, so they may differ by one.
func TestInverseDCT(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		c := &component{stride: 1, plane: make([]byte, 64)}
		var b block
		for i := range b {
			c.quant[i] = uint16(1 + random.IntN(20))
			if random.IntN(3) == 0 {
				b[i] = int16(random.IntN(21) - 10)
			}
		}
		c.reconstruct(&b, 63, 0, 0)
		for y := range 8 {
			for x := range 8 {
				want := math.Round(cosineSum(&b, &c.quant, x, y)) + 128
				want = max(0, min(want, 255))
				if got := float64(c.plane[8*y+x]); math.Abs(got-want) > 1 {
					t.Fatalf("sample (%d, %d) is %v, want %v", x, y, got, want)
				}
			}
		}
	}
}

func cosineSum(b *block, q *[64]uint16, x, y int) (sum float64) {
	for v := range 8 {
		for u := range 8 {
			scale := 0.25
			if u == 0 {
				scale /= math.Sqrt2
			}
			if v == 0 {
				scale /= math.Sqrt2
			}
			sum += scale * float64(b[8*v+u]) * float64(q[8*v+u]) *
				math.Cos(float64(2*x+1)*float64(u)*math.Pi/16) * math.Cos(float64(2*y+1)*float64(v)*math.Pi/16)
		}
	}
	return sum
}

// TestFlatBlock: the short way for a block of one coefficient is no other way.
func TestFlatBlock(t *testing.T) {
	for dc := -1100; dc <= 1100; dc++ {
		long := &component{stride: 1, plane: make([]byte, 64), quant: [64]uint16{1}}
		short := &component{stride: 1, plane: make([]byte, 64), quant: [64]uint16{1}}
		long.reconstruct(&block{int16(dc)}, 63, 0, 0)
		short.reconstruct(&block{int16(dc)}, 0, 0, 0)
		if !bytes.Equal(long.plane, short.plane) {
			t.Fatalf("coefficient %d: %d and %d", dc, long.plane[0], short.plane[0])
		}
	}
}

// TestAgainstStandardLibrary decodes gray images, where nothing but the inverse
// DCT's last bit may differ.
func TestAgainstStandardLibrary(t *testing.T) {
	for _, side := range []int{1, 7, 8, 9, 40, 130} {
		body := grayJPEG(t, side, side/2+1)
		want, err := stdlib.Decode(bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		var d Decoder
		if _, err := d.Open(body); err != nil {
			t.Fatal(err)
		}
		rows := 0
		err = d.Decode(goOn, func(y int, rgb []byte) {
			rows++
			for x := range side {
				diff := int(rgb[3*x]) - int(color.GrayModel.Convert(want.At(x, y)).(color.Gray).Y)
				if diff < -1 || diff > 1 {
					t.Fatalf("%d x %d: pixel (%d, %d) differs by %d", side, side/2+1, x, y, diff)
				}
			}
		})
		if err != nil || rows != side/2+1 {
			t.Errorf("%d rows, %v", rows, err)
		}
	}
}

// TestCheckEndsDecoding: the first refusal of check is what Decode returns.
func TestCheckEndsDecoding(t *testing.T) {
	stop := errors.New("stop")
	var d Decoder
	if _, err := d.Open(grayJPEG(t, 64, 64)); err != nil {
		t.Fatal(err)
	}
	asked := 0
	err := d.Decode(func() error {
		if asked++; asked == 3 {
			return stop
		}
		return nil
	}, func(int, []byte) {})
	if err != stop || asked != 3 {
		t.Errorf("%v after %d checks", err, asked)
	}
}

func TestErrors(t *testing.T) {
	body := grayJPEG(t, 16, 16)
	frame := bytes.Index(body, []byte{0xff, markerSOF0})
	change := func(offset int, value byte) []byte {
		out := bytes.Clone(body)
		out[frame+offset] = value
		return out
	}
	for name, c := range map[string]struct {
		body []byte
		want error
	}{
		"lossless":         {change(1, 0xc3), ErrUnsupported},
		"12 bits":          {change(4, 12), ErrUnsupported},
		"no height":        {change(6, 0), ErrCorrupt},
		"no sampling":      {change(11, 0), ErrCorrupt},
		"sampling of five": {change(11, 0x51), ErrCorrupt},
		"cut":              {body[:len(body)-20], ErrTruncated},
		"no end marker":    {body[:len(body)-2], ErrTruncated},
		"no image":         {[]byte{0xff, 0xd8, 0xff, 0xd9}, ErrCorrupt},
		"end inside scan":  {append(bytes.Clone(body[:len(body)-40]), 0xff, 0xd9), ErrTruncated},
		"no tables":        {bytes.ReplaceAll(body, []byte{0xff, markerDQT}, []byte{0xff, 0xef}), ErrCorrupt},
	} {
		var d Decoder
		_, err := d.Open(c.body)
		if err == nil {
			err = d.Decode(goOn, func(int, []byte) {})
		}
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// TestTooManyCodes refuses tables that no prefix code has.
func TestTooManyCodes(t *testing.T) {
	var h huffman
	counts := make([]byte, 16)
	counts[0] = 3
	if err := h.define(counts, []byte{1, 2, 3}); !errors.Is(err, ErrCorrupt) {
		t.Errorf("three codes of one bit: %v", err)
	}
}

// BenchmarkColour upsamples and converts 500 x 375 pixels of a 4:2:0 image.
func BenchmarkColour(b *testing.B) {
	d := opened(b)
	b.ReportAllocs()
	for b.Loop() {
		if err := d.convert(goOn, func(int, []byte) {}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPlanes decodes the same image without that.
func BenchmarkPlanes(b *testing.B) {
	d := opened(b)
	start := d.pos
	b.ReportAllocs()
	for b.Loop() {
		d.pos = start
		if err := d.scans(goOn); err != nil {
			b.Fatal(err)
		}
	}
}

func opened(b *testing.B) *Decoder {
	img := image.NewRGBA(image.Rect(0, 0, 500, 375))
	for y := range 375 {
		for x := range 500 {
			v := math.Sin(float64(x)/5) + math.Cos(float64(y)/3) + math.Sin(float64(x*y)/900)
			img.Set(x, y, color.RGBA{byte(100 + 30*v), byte(128 + 40*v), byte(90 + x/4), 255})
		}
	}
	var body bytes.Buffer
	if err := stdlib.Encode(&body, img, &stdlib.Options{Quality: 90}); err != nil {
		b.Fatal(err)
	}
	d := &Decoder{}
	if _, err := d.Open(body.Bytes()); err != nil {
		b.Fatal(err)
	}
	if err := d.Decode(goOn, func(int, []byte) {}); err != nil {
		b.Fatal(err)
	}
	if _, err := d.Open(body.Bytes()); err != nil {
		b.Fatal(err)
	}
	return d
}

func grayJPEG(t *testing.T, width, height int) []byte {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, width, height))
	random := rand.New(rand.NewPCG(uint64(width), uint64(height)))
	for i := range img.Pix {
		img.Pix[i] = byte(random.Uint32())
	}
	var body bytes.Buffer
	if err := stdlib.Encode(&body, img, &stdlib.Options{Quality: 80}); err != nil {
		t.Fatal(err)
	}
	return body.Bytes()
}

func goOn() error { return nil }
