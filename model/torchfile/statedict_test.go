package torchfile_test

import (
	"archive/zip"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestEntangledStateDicts walks dicts that hold themselves or share their parts.
func TestEntangledStateDicts(t *testing.T) {
	shared := "}q\x00" // dict 0 is empty; each next one holds the one before 64 times
	for n := range 7 {
		shared += fmt.Sprintf("}q%c(", n+1)
		for k := range 64 {
			shared += fmt.Sprintf("U\x02%02dh%c", k, n)
		}
		shared += "u"
	}
	one := strings.TrimSuffix(stateDict("torch\nFloatStorage", 2, 0, "2", "1"), "ss.")
	tied := strings.TrimSuffix(stateDict("torch\nFloatStorage", 1, 0, "1048576", "0"), "ss.") + "q\x00s" // "w" and 16 more names
	for k := range 16 {
		tied += fmt.Sprintf("U\x02%02dh\x00s", k)
	}
	for name, c := range map[string]struct{ pkl, want string }{
		"far too tied": {tied + "s.", `tensor "15": the tensors have far more values than the file`},
		"twice":        {one + "q\x00s}U\x01wh\x00sq\x010U\x01ah\x01sU\x03a.wh\x00ss.", `tensor "a.w" is there twice`},
		"holds itself": {"}q\x00U\x05modelh\x00s.", "nested more than 8 deep"},
		"shares parts": {shared + ".", "more than 131072 entries"},
		"long name":    {"}X\x00\x10\x00\x00" + strings.Repeat("k", 4096) + "Ns.", "a name of 4096 bytes"},
	} {
		var err error
		n := allocatedBy(func() { _, err = open(zipOf(t, part{"a/data.pkl", c.pkl, zip.Store})) })
		if err == nil || !strings.Contains(err.Error(), c.want) || n > 64<<20 {
			t.Errorf("%s: %d bytes allocated, got %v, want %q", name, n, err, c.want)
		}
	}
}

// TestStrides compares views of a small storage with elements picked by their
// index.
func TestStrides(t *testing.T) {
	const count = 40
	storage := make([]float32, count)
	for i := range storage {
		storage[i] = float32(i)
	}
	rapid.Check(t, func(r *rapid.T) {
		shape := rapid.SliceOfN(rapid.IntRange(0, 4), 0, 3).Draw(r, "shape")
		stride := rapid.SliceOfN(rapid.IntRange(0, 12), len(shape), len(shape)).Draw(r, "stride")
		offset := rapid.IntRange(0, 10).Draw(r, "offset")
		want, inside := pick(storage, offset, shape, stride)
		got, err := readW(zipOf(t,
			part{"a/data.pkl", stateDict("torch\nFloatStorage", count, offset, join(shape), join(stride)), zip.Store},
			part{"a/data/0", floats(storage...), zip.Store}))
		if inside != (err == nil) || inside && !slices.Equal(got, want) {
			r.Fatalf("got %v, %v, want %v", got, err, want)
		}
	})
}

// pick lists the elements of a view; inside is false where one is outside.
func pick(storage []float32, at int, shape, stride []int) (list []float32, inside bool) {
	if len(shape) == 0 {
		if at >= len(storage) {
			return nil, false
		}
		return storage[at : at+1], true
	}
	for i := range shape[0] {
		part, ok := pick(storage, at+i*stride[0], shape[1:], stride[1:])
		if !ok {
			return nil, false
		}
		list = append(list, part...)
	}
	return list, true
}

func join(list []int) string { return strings.Trim(fmt.Sprint(list), "[]") }
