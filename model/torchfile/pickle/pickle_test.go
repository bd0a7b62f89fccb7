package pickle_test

import (
	"fmt"
	"math"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sdl-batch/sdl-batch/model/torchfile/pickle"
)

func load(data string) (pickle.Value, error) {
	v, _, err := pickle.Load([]byte(data), pickle.Host{}, pickle.Limits{})
	return v, err
}

func mustLoad(t *testing.T, data string) pickle.Value {
	t.Helper()
	v, err := load(data)
	if err != nil {
		t.Fatalf("%.60q: %v", data, err)
	}
	return v
}

// plain turns a value into one that cmp compares: lists as []any, dicts as
// their keys and values in order.
func plain(v pickle.Value) any {
	all := func(items []pickle.Value) []any {
		out := []any{}
		for _, item := range items {
			out = append(out, plain(item))
		}
		return out
	}
	switch v := v.(type) {
	case *pickle.List:
		return all(v.Items)
	case pickle.Tuple:
		return map[string]any{"tuple": all(v)}
	case *pickle.Set:
		return map[string]any{"set": all(v.Items())}
	case *big.Int:
		return "big " + v.String()
	case *pickle.Dict:
		pairs := []any{}
		for k, item := range v.All() {
			pairs = append(pairs, []any{plain(k), plain(item)})
		}
		return map[string]any{"dict": pairs}
	}
	return v
}

func tupleOf(items ...any) any {
	return map[string]any{"tuple": append([]any{}, items...)}
}

func dictOf(keysAndValues ...any) any {
	pairs := []any{}
	for pair := range slices.Chunk(keysAndValues, 2) {
		pairs = append(pairs, pair)
	}
	return map[string]any{"dict": pairs}
}

// TestEveryProtocol reads what CPython wrote (testdata/make.py).
func TestEveryProtocol(t *testing.T) {
	i := func(n int64) any { return n }
	want := dictOf(
		"none", nil,
		"bools", []any{true, false},
		"ints", []any{i(0), i(255), i(256), i(65535), i(65536), i(-1), i(math.MaxInt32), i(math.MinInt32), i(1 << 31), i(math.MaxInt64), i(math.MinInt64)},
		"long", []any{"big 9223372036854775808", "big -9223372036854775809", "big 1" + strings.Repeat("0", 40), "big -1" + strings.Repeat("0", 700)},
		"floats", []any{0.5, -1e300, math.Inf(1), 5e-324},
		"text", []any{"", "plain", "café", "☃ 😀", "line\nquote'\"\\u0041", strings.Repeat("x", 300)},
		"bytes", []any{pickle.Bytes{}, pickle.Bytes("\x00\xff\n"), pickle.Bytes(strings.Repeat("y", 300))},
		"tuples", []any{tupleOf(), tupleOf(i(1)), tupleOf(i(1), i(2)), tupleOf(i(1), i(2), i(3)), tupleOf(i(1), i(2), i(3), i(4))},
		"dict", dictOf(i(1), "one", tupleOf(i(1), "a"), "pair", nil, "none", 2.5, "float", pickle.Bytes("k"), "bytes"),
		"set", map[string]any{"set": []any{i(7)}},
		"frozenset", map[string]any{"set": []any{i(8)}},
		"ordered", dictOf("b", i(1), "a", i(2)),
		"default", dictOf("k", []any{i(1)}),
		"bytearray", pickle.Bytes("raw"),
	)
	for protocol := range 6 {
		data, err := os.ReadFile(filepath.Join("testdata", fmt.Sprintf("values_p%d.pickle", protocol)))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, plain(mustLoad(t, string(data)))); diff != "" {
			t.Errorf("protocol %d (-want +got):\n%s", protocol, diff)
		}
	}
}

// TestInstructions covers what today's Python no longer writes.
func TestInstructions(t *testing.T) {
	for _, c := range []struct {
		name, data string
		want       any
	}{
		{"Python 2 string", `S'a\x41\101\n\'\\'` + "\n.", "aAA\n'\\"},
		{"Python 2 binary string", "T\x02\x00\x00\x00\xff\x00.", "\xff\x00"},
		{"Python 2 short string", "U\x01\xfe.", "\xfe"},
		{"text booleans", "(I01\nI00\nI7\nt.", tupleOf(true, false, int64(7))},
		{"text long", "L-12L\n.", int64(-12)},
		{"empty LONG1", "\x8a\x00.", int64(0)},
		{"negative LONG1", "\x8a\x01\x80.", int64(-128)},
		{"wide LONG4 of a small number", "\x8b\x0a\x00\x00\x00\x05\x00\x00\x00\x00\x00\x00\x00\x00\x00.", int64(5)},
		{"POP and DUP", "K\x0120K\x02K\x03\x87.", tupleOf(int64(1), int64(2), int64(3))},
		{"POP of a mark", "K\x01(0.", int64(1)},
		{"POP_MARK", "K\x01(K\x02K\x031.", int64(1)},
		{"LIST and DICT", "((K\x01l(K\x02K\x03dt.", tupleOf([]any{int64(1)}, dictOf(int64(2), int64(3)))},
		{"text memo", "K\x05p99\n0g99\n.", int64(5)},
		{"memo by large index", "K\x05r\xff\xff\xff\xff0j\xff\xff\xff\xff.", int64(5)},
		{"keys that Python holds equal", "}(K\x01K\x0aG\x3f\xf0\x00\x00\x00\x00\x00\x00K\x0b\x88K\x0cu.", dictOf(int64(1), int64(12))},
		{"OrderedDict from pairs", "ccollections\nOrderedDict\n(((K\x01K\x02l(K\x03K\x04lltR.", dictOf(int64(1), int64(2), int64(3), int64(4))},
		{"bytes written by protocol 2", "c_codecs\nencode\n(X\x03\x00\x00\x00a\xc3\xbfX\x06\x00\x00\x00latin1tR.", pickle.Bytes("a\xff")},
		{"READONLY_BUFFER", "\x96\x01\x00\x00\x00\x00\x00\x00\x00z\x98.", pickle.Bytes("z")},
		{"frame", "\x80\x04\x95\x02\x00\x00\x00\x00\x00\x00\x00N.", nil},
		{"trailing bytes", "N.garbage", nil},
	} {
		if diff := cmp.Diff(c.want, plain(mustLoad(t, c.data))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}
