package element_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"math"
	"slices"
	"testing"

	"github.com/sdl-batch/sdl-batch/model/torchfile/element"
)

// TestAllHalves widens every 16-bit pattern. The digests are of the float32
// values, NaN as 0, that NumPy 1.24 (float16) and PyTorch 1.13 (bfloat16) give:
// sha256(x.astype("<f4").tobytes()).
func TestAllHalves(t *testing.T) {
	src := make([]byte, 1<<17)
	for i := range 1 << 16 {
		binary.LittleEndian.PutUint16(src[2*i:], uint16(i))
	}
	for kind, want := range map[element.Type]string{
		element.Float16:  "faa6d965574036872b0d39a42d1f8bee361d5be92b1e718155a69556a5abacdd",
		element.BFloat16: "2950e27364395060b01ae85b45dd15a2ab8891f6ee8b0af2b541dbda5524d0b4",
	} {
		values := make([]float32, 1<<16)
		kind.Floats(values, src, binary.LittleEndian)
		var raw []byte
		for _, v := range values {
			if v != v {
				v = 0
			}
			raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
		}
		if got := sha256.Sum256(raw); hex.EncodeToString(got[:]) != want {
			t.Errorf("%s: digest %x, want %s", kind, got, want)
		}
	}
	nan := make([]float32, 1)
	element.Float16.Floats(nan, []byte{0x01, 0x7e}, binary.LittleEndian)
	if nan[0] == nan[0] {
		t.Errorf("a NaN became %v", nan[0])
	}
}

func TestFloat64IsRounded(t *testing.T) {
	var src []byte
	for _, v := range []float64{0.1, 1e300, 16777217, 1.0000000596046448} {
		src = binary.BigEndian.AppendUint64(src, math.Float64bits(v))
	}
	got := make([]float32, 4)
	element.Float64.Floats(got, src, binary.BigEndian)
	if want := []float32{0.1, float32(math.Inf(1)), 16777216, 1}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestInts(t *testing.T) {
	for kind, want := range map[element.Type]int64{
		element.Int8: -1, element.Uint8: 255, element.Bool: 255, element.Int16: -1, element.Int32: -1, element.Int64: -1,
	} {
		got, err := kind.ReadInts(bytes.NewReader(bytes.Repeat([]byte{0xff}, kind.Size())), 1, binary.LittleEndian)
		if err != nil || got[0] != want {
			t.Errorf("%s: got %v, %v, want %d", kind, got, err, want)
		}
	}
	got, err := element.Int32.ReadInts(bytes.NewReader([]byte{0, 0, 1, 2}), 1, binary.BigEndian)
	if err != nil || got[0] != 0x102 {
		t.Errorf("big-endian: got %v, %v", got, err)
	}
}

// TestReadInChunks reads more than one buffer, and less than was promised.
func TestReadInChunks(t *testing.T) {
	want := make([]float32, 100_001)
	var src []byte
	for i := range want {
		want[i] = float32(i)
		src = binary.LittleEndian.AppendUint64(src, math.Float64bits(float64(i)))
	}
	got, err := element.Float64.ReadFloats(bytes.NewReader(src), len(want), binary.LittleEndian)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%d values, %v", len(got), err)
	}
	for _, cut := range []int{0, 8, len(src) - 1} {
		if _, err := element.Float64.ReadFloats(bytes.NewReader(src[:cut]), len(want), binary.LittleEndian); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("cut at %d: %v", cut, err)
		}
	}
}
