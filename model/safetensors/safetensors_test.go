package safetensors_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/sdl-batch/sdl-batch/model/safetensors"
	"github.com/sdl-batch/sdl-batch/model/tensor"
)

// file puts a header and numbers together.
func file(header, numbers string) []byte {
	return append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header+numbers...)
}

func read(data []byte) (map[string]tensor.Tensor, map[string]string, error) {
	return safetensors.Read(bytes.NewReader(data), int64(len(data)))
}

// TestKnownBytes writes what the format's own library writes for these tensors:
// fields in this order, no blanks, the header padded to 8 bytes.
func TestKnownBytes(t *testing.T) {
	values := tensor.Tensor{Shape: []int{1, 2, 3}, Values: []float32{0, 1, 2, 3, 4, 5}}
	numbers := "\x00\x00\x00\x00\x00\x00\x80\x3f\x00\x00\x00\x40\x00\x00\x40\x40\x00\x00\x80\x40\x00\x00\xa0\x40"
	for name, header := range map[string]string{
		"attn.0": `{"attn.0":{"dtype":"F32","shape":[1,2,3],"data_offsets":[0,24]}}`,
		"attn0":  `{"attn0":{"dtype":"F32","shape":[1,2,3],"data_offsets":[0,24]}} `,
	} {
		var out bytes.Buffer
		if err := safetensors.Write(&out, map[string]tensor.Tensor{name: values}, nil); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(file(header, numbers), out.Bytes()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestTypes(t *testing.T) {
	data := file(`{"__metadata__":{"a":"b"},`+
		`"f64":{"dtype":"F64","shape":[1],"data_offsets":[0,8]},`+
		`"f16":{"data_offsets":[8,18],"shape":[5],"dtype":"F16"},`+
		`"bf16":{"dtype":"BF16","shape":[1,1],"data_offsets":[18,20]},`+
		`"f32":{"dtype":"F32","shape":[],"data_offsets":[20,24]},`+
		`"none":{"dtype":"F32","shape":[0,9],"data_offsets":[24,24]}}   `,
		"\x00\x00\x00\x00\x00\x00\x04\xc0"+"\x00\x3c\x01\x00\xff\x7b\x00\xfc\x00\x80"+"\x40\xc0"+"\x00\x00\xc0\x3f")
	tensors, metadata, err := read(data)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]tensor.Tensor{
		"f64":  {Shape: []int{1}, Values: []float32{-2.5}},
		"f16":  {Shape: []int{5}, Values: []float32{1, 0x1p-24, 65504, float32(math.Inf(-1)), float32(math.Copysign(0, -1))}},
		"bf16": {Shape: []int{1, 1}, Values: []float32{-3}},
		"f32":  {Shape: []int{}, Values: []float32{1.5}},
		"none": {Shape: []int{0, 9}, Values: []float32{}},
	}
	if diff := cmp.Diff(want, tensors); diff != "" {
		t.Error(diff)
	}
	if !cmp.Equal(metadata, map[string]string{"a": "b"}) {
		t.Errorf("metadata %v", metadata)
	}
}

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		tensors := map[string]tensor.Tensor{}
		for _, name := range rapid.SliceOfDistinct(rapid.String(), rapid.ID[string]).Draw(r, "names") {
			v := tensor.New(rapid.SliceOfN(rapid.IntRange(0, 5), 0, 4).Draw(r, "shape")...)
			for i := range v.Values {
				v.Values[i] = math.Float32frombits(rapid.Uint32().Draw(r, "value"))
			}
			tensors[name] = v
		}
		metadata := rapid.MapOf(rapid.String(), rapid.String()).Draw(r, "metadata")
		var first, second bytes.Buffer
		if err := errors.Join(safetensors.Write(&first, tensors, metadata), safetensors.Write(&second, tensors, metadata)); err != nil {
			r.Fatal(err)
		}
		if !bytes.Equal(first.Bytes(), second.Bytes()) {
			r.Fatal("the same tensors give other bytes the second time")
		}
		if length := binary.LittleEndian.Uint64(first.Bytes()); length%8 != 0 {
			r.Fatalf("a header of %d bytes", length)
		}
		got, gotMetadata, err := read(first.Bytes())
		if err != nil {
			r.Fatal(err)
		}
		if len(gotMetadata)+len(metadata) > 0 && !cmp.Equal(metadata, gotMetadata) {
			r.Fatalf("metadata %q, want %q", gotMetadata, metadata)
		}
		checkBits(r, tensors, got)
	})
}

// checkBits compares bit patterns, so that NaN equals itself.
func checkBits(r *rapid.T, want, got map[string]tensor.Tensor) {
	if len(got) != len(want) {
		r.Fatalf("%d tensors, want %d", len(got), len(want))
	}
	for name, w := range want {
		g := got[name]
		same := slices.EqualFunc(w.Values, g.Values, func(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) })
		if !same || !slices.Equal(w.Shape, g.Shape) {
			r.Fatalf("%q: got %v, want %v", name, g, w)
		}
	}
}

func TestRefused(t *testing.T) {
	one := func(fields string) string { return `{"a":{` + fields + `}}` }
	const f32 = `"dtype":"F32","shape":[1],`
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"empty":             {nil, "truncated at byte 0"},
		"cut length":        {[]byte("\x01\x00\x00"), "truncated at byte 3"},
		"huge length":       {[]byte("\xff\xff\xff\xff\xff\xff\xff\xff{}"), "a header of 18446744073709551615 bytes exceeds"},
		"length above cap":  {[]byte("\x01\x00\x00\x01\x00\x00\x00\x00{}"), "a header of 16777217 bytes exceeds"},
		"cut header":        {[]byte("\x09\x00\x00\x00\x00\x00\x00\x00{}"), "truncated at byte 10"},
		"no header":         {file("", ""), "does not begin with '{'"},
		"blank header":      {file(" {}", ""), "does not begin with '{'"},
		"no JSON":           {file("{nonsense}", ""), "header"},
		"open JSON":         {file(`{"a":{`, ""), "header"},
		"text after JSON":   {file("{}{}", ""), "text follows"},
		"bad UTF-8":         {file("{\"\xff\":{}}", ""), "no UTF-8"},
		"no object":         {file(`{"a":5}`, ""), `"a": byte 6: an object should begin`},
		"name twice":        {file(`{"a":{`+f32+`"data_offsets":[0,4]},"a":{`+f32+`"data_offsets":[4,8]}}`, "12345678"), `"a" is there twice`},
		"field twice":       {file(one(f32+`"shape":[1],"data_offsets":[0,4]`), "1234"), `"shape" is there twice`},
		"missing field":     {file(one(`"dtype":"F32","shape":[]`), ""), "is missing"},
		"unknown field":     {file(one(f32+`"data_offsets":[0,4],"x":1`), "1234"), `"x": the format has no such field`},
		"unknown type":      {file(one(`"dtype":"I64","shape":[1],"data_offsets":[0,8]`), "12345678"), `tensor "a": type "I64" is not read`},
		"null size":         {file(one(`"dtype":"F32","shape":[null],"data_offsets":[0,0]`), ""), "no size"},
		"negative size":     {file(one(`"dtype":"F32","shape":[-1],"data_offsets":[0,4]`), "1234"), "no size"},
		"fraction":          {file(one(`"dtype":"F32","shape":[1.0],"data_offsets":[0,4]`), "1234"), "no size"},
		"overflowing size":  {file(one(`"dtype":"F32","shape":[99999999999,99999999999],"data_offsets":[0,4]`), "1234"), "too large"},
		"huge size":         {file(one(`"dtype":"F32","shape":[999999999999],"data_offsets":[0,3999999999996]`), "1234"), "truncated"},
		"rank":              {file(one(`"dtype":"F32","shape":[`+strings.Repeat("1,", 32)+`1],"data_offsets":[0,4]`), "1234"), "more than 32"},
		"one offset":        {file(one(f32+`"data_offsets":[0]`), "1234"), "not two offsets"},
		"three offsets":     {file(one(f32+`"data_offsets":[0,4,8]`), "1234"), "more than 2"},
		"reversed offsets":  {file(one(f32+`"data_offsets":[4,0]`), "1234"), "takes 4"},
		"wrong length":      {file(one(f32+`"data_offsets":[0,8]`), "12345678"), "takes 4"},
		"gap at the start":  {file(one(f32+`"data_offsets":[4,8]`), "12345678"), "begins at byte 4 of the numbers, not at 0"},
		"gap":               {file(`{"a":{`+f32+`"data_offsets":[0,4]},"b":{`+f32+`"data_offsets":[8,12]}}`, "123456789012"), `"b" begins at byte 8`},
		"overlap":           {file(`{"a":{`+f32+`"data_offsets":[0,4]},"b":{`+f32+`"data_offsets":[0,4]}}`, "1234"), `"b" begins at byte 0`},
		"cut numbers":       {file(one(f32+`"data_offsets":[0,4]`), "123"), "truncated"},
		"surplus numbers":   {file(one(f32+`"data_offsets":[0,4]`), "12345"), "1 bytes follow the last tensor"},
		"metadata of lists": {file(`{"__metadata__":{"a":[]}}`, ""), "no string"},
		"metadata twice":    {file(`{"__metadata__":{"a":"","a":""}}`, ""), "twice"},
	} {
		var err error
		if n := allocatedBy(func() { _, _, err = read(c.data) }); n > 1<<20 {
			t.Errorf("%s: %d bytes allocated", name, n)
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

func allocatedBy(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestWriteRefuses(t *testing.T) {
	good := tensor.New(1)
	for name, c := range map[string]struct {
		tensors  map[string]tensor.Tensor
		metadata map[string]string
		want     string
	}{
		"reserved name":  {map[string]tensor.Tensor{"__metadata__": good}, nil, "no such name"},
		"bad UTF-8":      {map[string]tensor.Tensor{"\xff": good}, nil, "no such name"},
		"bad metadata":   {nil, map[string]string{"a": "\xff"}, "no UTF-8"},
		"wrong shape":    {map[string]tensor.Tensor{"a": {Shape: []int{2}, Values: []float32{1}}}, nil, "shape [2] holds 2 values, got 1"},
		"negative shape": {map[string]tensor.Tensor{"a": {Shape: []int{-1}}}, nil, "negative"},
	} {
		var out bytes.Buffer
		err := safetensors.Write(&out, c.tensors, c.metadata)
		if err == nil || !strings.Contains(err.Error(), c.want) || out.Len() > 0 {
			t.Errorf("%s: got %v after %d bytes, want %q", name, err, out.Len(), c.want)
		}
	}
}

func TestFailingStreams(t *testing.T) {
	tensors := map[string]tensor.Tensor{"a": tensor.New(1 << 15)}
	for _, limit := range []int64{0, 100, 1 << 16} {
		w := &limited{left: limit}
		if err := safetensors.Write(w, tensors, nil); !errors.Is(err, io.ErrShortWrite) {
			t.Errorf("after %d bytes: %v", limit, err)
		}
	}
	if _, _, err := safetensors.Read(iotestReaderAt{}, 100); !errors.Is(err, iotest.ErrTimeout) {
		t.Errorf("got %v", err)
	}
	var out bytes.Buffer
	if err := safetensors.Write(&out, tensors, nil); err != nil {
		t.Fatal(err)
	}
	cut := bytes.NewReader(out.Bytes()[:out.Len()-1]) // shorter than it says
	if _, _, err := safetensors.Read(cut, int64(out.Len())); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v", err)
	}
}

type limited struct{ left int64 }

func (w *limited) Write(p []byte) (int, error) {
	if w.left -= int64(len(p)); w.left < 0 {
		return 0, io.ErrShortWrite
	}
	return len(p), nil
}

type iotestReaderAt struct{}

func (iotestReaderAt) ReadAt([]byte, int64) (int, error) { return 0, iotest.ErrTimeout }

// FuzzSafetensors checks that whatever is read can be written and read again.
func FuzzSafetensors(f *testing.F) {
	f.Add(file(`{"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}}`, "1234"))
	f.Add(file(`{"__metadata__":{"a":"b"},"b":{"dtype":"F64","shape":[],"data_offsets":[0,8]}}`, "12345678"))
	f.Add(file(`{"a":{"dtype":"F32","shape":[0,3],"data_offsets":[0,0]}}`, ""))
	f.Add([]byte("\xff\xff\xff\xff\xff\xff\xff\xff{}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		tensors, metadata, err := read(data)
		if err != nil {
			return
		}
		var out bytes.Buffer
		if err := safetensors.Write(&out, tensors, metadata); err != nil {
			t.Fatal(err)
		}
		again, _, err := read(out.Bytes())
		if err != nil || fmt.Sprint(again) != fmt.Sprint(tensors) {
			t.Fatalf("%v: got %v, want %v", err, again, tensors)
		}
	})
}
