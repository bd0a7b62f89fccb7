package torchfile_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sdl-batch/sdl-batch/model/torchfile"
)

type part struct {
	name, data string
	method     uint16
}

// zipOf writes parts as PyTorch does.
func zipOf(t testing.TB, parts ...part) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, p := range parts {
		f, err := w.CreateHeader(&zip.FileHeader{Name: p.name, Method: p.method})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(p.data)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// stateDict pickles {"model": {"w": …}} with one float tensor in storage 0.
func stateDict(class string, count int, offset int, shape, stride string) string {
	return "\x80\x02}X\x05\x00\x00\x00model}X\x01\x00\x00\x00wctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagec" +
		class + "\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpu" + fmt.Sprintf("I%d\ntQI%d\n(%st(%st\x89N", count, offset, numbers(shape), numbers(stride)) + "tRss."
}

// numbers pickles "2 3" as two integers.
func numbers(list string) string {
	text := ""
	for _, n := range strings.Fields(list) {
		text += "I" + n + "\n"
	}
	return text
}

func floats(values ...float32) string {
	var b []byte
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return string(b)
}

func open(data []byte, keys ...string) (*torchfile.Checkpoint, error) {
	return torchfile.Open(bytes.NewReader(data), int64(len(data)), keys...)
}

// readW opens a checkpoint and reads tensor "w".
func readW(data []byte) ([]float32, error) {
	c, err := open(data)
	if err != nil {
		return nil, err
	}
	w, err := c.Tensor("w")
	return w.Values, err
}

func TestByteOrder(t *testing.T) {
	pkl := part{"a/data.pkl", stateDict("torch\nFloatStorage", 2, 0, "2", "1"), zip.Store}
	little := part{"a/data/0", floats(1, -2), zip.Store}
	big := part{"a/data/0", "\x3f\x80\x00\x00\xc0\x00\x00\x00", zip.Store}
	for name, data := range map[string][]byte{
		"none":   zipOf(t, pkl, little),
		"little": zipOf(t, pkl, part{"a/byteorder", "little", zip.Store}, little),
		"big":    zipOf(t, pkl, part{"a/byteorder", "big", zip.Store}, big),
	} {
		got, err := readW(data)
		if diff := cmp.Diff([]float32{1, -2}, got); err != nil || diff != "" {
			t.Errorf("%s: %v %s", name, err, diff)
		}
	}
}

func TestDamagedArchives(t *testing.T) {
	pkl := part{"a/data.pkl", stateDict("torch\nFloatStorage", 2, 0, "2", "1"), zip.Store}
	numbers := part{"a/data/0", floats(1, 2), zip.Store}
	good := zipOf(t, pkl, numbers)
	patch := func(at int, s string) []byte {
		bad := bytes.Clone(good)
		copy(bad[at:], s)
		return bad
	}
	directory := bytes.LastIndex(good, []byte("PK\x01\x02")) // of a/data/0
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"empty":              {nil, "no PyTorch checkpoint: a file of 0 bytes"},
		"text":               {[]byte("version https://git-lfs"), `begins with "version https://"`},
		"only a header":      {good[:30], "checkpoint is truncated at byte 30"},
		"no data.pkl":        {zipOf(t, numbers), "holds no data.pkl"},
		"two checkpoints":    {zipOf(t, pkl, numbers, part{"b/data.pkl", "N.", zip.Store}), "two checkpoints"},
		"TorchScript":        {zipOf(t, pkl, numbers, part{"a/constants.pkl", "N.", zip.Store}), "TorchScript"},
		"duplicate member":   {zipOf(t, pkl, numbers, numbers), `"a/data/0" is there twice`},
		"missing storage":    {zipOf(t, pkl), `no member "a/data/0"`},
		"short storage":      {zipOf(t, pkl, part{"a/data/0", floats(1), zip.Store}), "too few"},
		"long storage":       {zipOf(t, pkl, part{"a/data/0", floats(1, 2, 3), zip.Store}), "too many"},
		"deflated storage":   {zipOf(t, pkl, part{"a/data/0", strings.Repeat("\x00", 8), zip.Deflate}), "compressed"},
		"deflated pickle":    {zipOf(t, part{pkl.name, pkl.data, zip.Deflate}, numbers), "compressed"},
		"bad byte order":     {zipOf(t, pkl, numbers, part{"a/byteorder", "middle", zip.Store}), `"middle"`},
		"bad pickle":         {zipOf(t, part{pkl.name, "}(.", zip.Store}, numbers), "a/data.pkl: pickle: byte 2 (STOP)"},
		"no state dict":      {zipOf(t, part{pkl.name, "}.", zip.Store}), "no state dict under any of"},
		"opaque model":       {zipOf(t, part{pkl.name, "}U\x05modelcnet\nNet\n)\x81s.", zip.Store}), `"model": value of net.Net (never run) without tensors`},
		"flipped bit":        {patch(bytes.Index(good, []byte(numbers.data)), "\x01"), "is corrupt: its checksum"},
		"two sizes":          {patch(directory+24, "\x09\x00\x00\x00"), "two sizes, 8 and 9"},
		"lying size":         {patch(directory+20, "\xff\xff\x00\x00\xff\xff\x00\x00"), "add up to more than the file"},
		"lying offset":       {patch(directory+42, "\xff\xff\xff\x0f"), `member "a/data/0"`},
		"encrypted":          {patch(directory+8, "\x01"), "encrypted"},
		"beyond the storage": {zipOf(t, part{pkl.name, stateDict("torch\nFloatStorage", 2, 1, "2", "1"), zip.Store}), "exceeds its storage of 2"},
		"negative size":      {zipOf(t, part{pkl.name, stateDict("torch\nFloatStorage", 2, 0, "-1", "1"), zip.Store}), "dimension 0 is no size"},
		"negative offset":    {zipOf(t, part{pkl.name, stateDict("torch\nFloatStorage", 2, -1, "1", "1"), zip.Store}), "impossible"},
		"ranks differ":       {zipOf(t, part{pkl.name, stateDict("torch\nFloatStorage", 2, 0, "2 1", "1"), zip.Store}), "impossible"},
		"overflowing shape":  {zipOf(t, part{pkl.name, stateDict("torch\nFloatStorage", 2, 0, "281474976710655 281474976710655", "0 0"), zip.Store}), "impossible"},
		"expansion bomb":     {zipOf(t, part{pkl.name, stateDict("torch\nFloatStorage", 1, 0, "99999999999", "0"), zip.Store}), "repeats the 1 numbers"},
		"huge storage":       {zipOf(t, part{pkl.name, stateDict("torch\nFloatStorage", 1<<59, 0, "99999999999", "1"), zip.Store}, numbers), "far more values than the file"},
		"endless storage":    {zipOf(t, part{pkl.name, stateDict("torch\nFloatStorage", math.MaxInt64, 0, "1", "1"), zip.Store}), "malformed id"},
		"complex storage":    {zipOf(t, part{pkl.name, stateDict("torch\nComplexFloatStorage", 2, 0, "2", "1"), zip.Store}, numbers), "torch.ComplexFloatStorage"},
		"foreign storage":    {zipOf(t, part{pkl.name, stateDict("evil\nFloatStorage", 2, 0, "2", "1"), zip.Store}, numbers), "evil.FloatStorage"},
	} {
		var err error
		if n := allocatedBy(func() { _, err = readW(c.data) }); n > 1<<20 {
			t.Errorf("%s: %d bytes allocated", name, n)
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

// TestEveryTruncationIsRefused cuts a checkpoint written by PyTorch at each byte.
func TestEveryTruncationIsRefused(t *testing.T) {
	data := readFile(t, "flat.pth")
	for n := range data {
		_, err := open(data[:n])
		if err == nil {
			t.Fatalf("%d of %d bytes were opened without an error", n, len(data))
		}
		if n > 4 && !strings.Contains(err.Error(), fmt.Sprintf("truncated at byte %d", n)) {
			t.Fatalf("%d of %d bytes: %v", n, len(data), err)
		}
	}
}

// TestLargeCheckpoint checks that opening reads no numbers and that a tensor is
// held once.
func TestLargeCheckpoint(t *testing.T) {
	const count = 4 << 20
	data := zipOf(t,
		part{"a/data.pkl", stateDict("torch\nFloatStorage", count, 0, fmt.Sprint(count), "1"), zip.Store},
		part{"a/data/0", strings.Repeat("\x00\x00\x80\x3f", count), zip.Store})
	var c *torchfile.Checkpoint
	var err error
	if n := allocatedBy(func() { c, err = open(data) }); err != nil || n > 1<<20 {
		t.Fatalf("opening allocates %d bytes: %v", n, err)
	}
	if n := allocatedBy(func() { _, err = c.Tensor("w") }); err != nil || n > 4*count+1<<18 {
		t.Errorf("a tensor of %d bytes allocates %d: %v", 4*count, n, err)
	}
}

// TestEndlessDirectory bounds what a directory of many members costs.
func TestEndlessDirectory(t *testing.T) {
	entry := "PK\x01\x02" + strings.Repeat("\x00", 42)
	const entries = 1 << 19
	directory := strings.Repeat(entry, entries)
	end := []byte("PK\x05\x06" + strings.Repeat("\x00", 18))
	binary.LittleEndian.PutUint16(end[8:], 0xffff)
	binary.LittleEndian.PutUint16(end[10:], 0xffff)
	binary.LittleEndian.PutUint32(end[12:], uint32(len(directory)))
	binary.LittleEndian.PutUint32(end[16:], 4)
	data := append([]byte("PK\x03\x04"+directory), end...)
	var err error
	n := allocatedBy(func() { _, err = open(data) })
	if err == nil || !strings.Contains(err.Error(), "directory: it exceeds 16777216 bytes") || n > 1<<28 {
		t.Errorf("%d bytes allocated, error %v", n, err)
	}
}

func readFile(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestChecksumOfZeroIsUnrecorded(t *testing.T) {
	data := zipOf(t,
		part{"a/data.pkl", stateDict("torch\nFloatStorage", 2, 0, "2", "1"), zip.Store},
		part{"a/data/0", floats(1, 2), zip.Store})
	directory := bytes.LastIndex(data, []byte("PK\x01\x02"))
	if binary.LittleEndian.Uint32(data[directory+16:]) != crc32.ChecksumIEEE([]byte(floats(1, 2))) {
		t.Fatal("the checksum is elsewhere")
	}
	copy(data[directory+16:], "\x00\x00\x00\x00")
	if got, err := readW(data); err != nil || !cmp.Equal(got, []float32{1, 2}) {
		t.Errorf("got %v, %v", got, err)
	}
}
