package pickle_test

import (
	"encoding/binary"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/sdl-batch/sdl-batch/model/torchfile/pickle"
)

// dump encodes a value of plain's form with protocol 4.
func dump(dst []byte, v any) []byte {
	sized := func(op byte, s string) []byte {
		dst = binary.LittleEndian.AppendUint64(append(dst, op), uint64(len(s)))
		return append(dst, s...)
	}
	switch v := v.(type) {
	case nil:
		return append(dst, 'N')
	case bool:
		if v {
			return append(dst, 0x88)
		}
		return append(dst, 0x89)
	case int64:
		return binary.LittleEndian.AppendUint64(append(dst, 0x8a, 8), uint64(v))
	case float64:
		return binary.BigEndian.AppendUint64(append(dst, 'G'), math.Float64bits(v))
	case string:
		return sized(0x8d, v)
	case pickle.Bytes:
		return sized(0x8e, string(v))
	case []any:
		dst = append(dst, ']', '(')
		for _, item := range v {
			dst = dump(dst, item)
		}
		return append(dst, 'e')
	case map[string]any:
		dst = append(dst, '(')
		for _, item := range v["tuple"].([]any) {
			dst = dump(dst, item)
		}
		return append(dst, 't')
	}
	panic("unknown kind")
}

func values() *rapid.Generator[any] {
	scalar := rapid.OneOf(
		rapid.Just[any](nil),
		rapid.Bool().AsAny(),
		rapid.Int64().AsAny(),
		rapid.Float64().AsAny(),
		rapid.String().AsAny(),
		rapid.Custom(func(t *rapid.T) any { return pickle.Bytes(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")) }),
	)
	nested := scalar
	for range 3 {
		inner := nested
		list := rapid.Custom(func(t *rapid.T) any { return append([]any{}, rapid.SliceOfN(inner, 0, 4).Draw(t, "items")...) })
		tuple := rapid.Custom(func(t *rapid.T) any { return tupleOf(rapid.SliceOfN(inner, 0, 4).Draw(t, "items")...) })
		nested = rapid.OneOf(scalar, list, tuple)
	}
	return nested
}

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := values().Draw(t, "value")
		data := append(dump(nil, want), '.')
		v, n, err := pickle.Load(data, pickle.Host{}, pickle.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if n != len(data) {
			t.Fatalf("read %d of %d bytes", n, len(data))
		}
		if diff := cmp.Diff(want, plain(v)); diff != "" {
			t.Fatalf("-want +got:\n%s", diff)
		}
	})
}

// TestEveryTruncationIsRefused cuts a valid pickle at each byte.
func TestEveryTruncationIsRefused(t *testing.T) {
	data := append(dump(nil, []any{int64(1), "text", tupleOf(2.5, pickle.Bytes("b"))}), '.')
	for n := range data {
		if _, err := load(string(data[:n])); err == nil {
			t.Errorf("%d of %d bytes were read without an error", n, len(data))
		}
	}
}
