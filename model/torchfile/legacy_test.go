package torchfile_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sdl-batch/sdl-batch/model/torchfile"
)

// TestLegacyHoldsTheSame compares files of one object that PyTorch wrote in both
// formats (testdata/make.py).
func TestLegacyHoldsTheSame(t *testing.T) {
	for zipped, legacy := range map[string]string{"kinds.pth": "kinds_legacy.pth", "flat.pth": "legacy.pth"} {
		want, got := mustOpen(t, zipped), mustOpen(t, legacy)
		if diff := cmp.Diff(want.Names(), got.Names()); diff != "" || want.Key() != got.Key() {
			t.Errorf("%s: under %q, not %q %s", legacy, got.Key(), want.Key(), diff)
		}
		if diff := cmp.Diff(want.MetaKeys(), got.MetaKeys()); diff != "" {
			t.Error(diff)
		}
		for _, name := range append(want.Names(), "sparse", "absent") {
			if diff := cmp.Diff(tensorOf(want, name), tensorOf(got, name)); diff != "" {
				t.Errorf("%s: %s", legacy, diff)
			}
		}
	}
}

// tensorOf is what can be known of one tensor.
func tensorOf(c *torchfile.Checkpoint, name string) []any {
	info, ok := c.Info(name)
	floats, failed := c.Tensor(name)
	ints, _ := c.Ints(name)
	return []any{name, ok, info, floats, fmt.Sprint(failed), ints}
}

// TestLegacyModule names the class of a whole module, whose id carries the
// class's source.
func TestLegacyModule(t *testing.T) {
	module := "\x80\x02((X\x06\x00\x00\x00modulecnet\nNet\nX\x06\x00\x00\x00net.pyX\x04\x00\x00\x00passtQ)\x81}b."
	_, err := open(legacyOf(module, "]."))
	if want := "value of net.Net (never run) without tensors"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %q", err, want)
	}
}

func TestEveryTruncationOfALegacyIsRefused(t *testing.T) {
	data := readFile(t, "legacy.pth")
	for n := range data {
		_, err := open(data[:n])
		if err == nil {
			t.Fatalf("%d of %d bytes were opened without an error", n, len(data))
		}
		if n > 15 && !strings.Contains(err.Error(), fmt.Sprintf("truncated at byte %d", n)) {
			t.Fatalf("%d of %d bytes: %v", n, len(data), err)
		}
	}
}

const (
	legacyMagic   = "\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
	legacyMachine = "\x80\x02}(X\x10\x00\x00\x00protocol_versionM\xe9\x03X\x0d\x00\x00\x00little_endian\x88u."
	legacyKeys    = "\x80\x02]X\x01\x00\x00\x000a."
)

// legacyOf writes the stream format: an object, the pickled keys, the storages.
func legacyOf(object, keys string, blocks ...string) []byte {
	return []byte(legacyMagic + "\x80\x02M\xe9\x03." + legacyMachine + object + keys + strings.Join(blocks, ""))
}

// block is a storage of count numbers.
func block(count int, data string) string {
	return string(binary.LittleEndian.AppendUint64(nil, uint64(count))) + data
}

// legacyDict is stateDict with a window on its storage.
func legacyDict(window string, count, offset int, shape, stride string) string {
	return strings.Replace(stateDict("torch\nFloatStorage", count, offset, shape, stride), "\ntQ", "\n"+window+"tQ", 1)
}

func TestLegacyByteOrder(t *testing.T) {
	good := legacyOf(legacyDict("N", 2, 0, "2", "1"), legacyKeys, block(2, floats(1, -2)))
	big := bytes.Replace(good, []byte("little_endian\x88"), []byte("little_endian\x89"), 1)
	for name, data := range map[string][]byte{"little": good, "big": big, "trailing bytes": append(bytes.Clone(good), "more"...)} {
		if got, err := readW(data); err != nil || !slices.Equal(got, []float32{1, -2}) {
			t.Errorf("%s: got %v, %v", name, got, err)
		}
	}
}

// TestLegacyWindows reads tensors of storages that begin within another one, as
// PyTorch before 0.4 wrote them.
func TestLegacyWindows(t *testing.T) {
	numbers := block(5, floats(0, 1, 2, 3, 4))
	window := func(first, count int) string { return fmt.Sprintf("(X\x01\x00\x00\x00vI%d\nI%d\nt", first, count) }
	for _, c := range []struct {
		window string
		offset int
		want   []float32
		err    string
	}{
		{window(2, 3), 0, []float32{2, 3}, ""},
		{window(2, 3), 1, []float32{3, 4}, ""},
		{window(0, 5), 3, []float32{3, 4}, ""},
		{window(2, 3), 2, nil, "exceeds its storage of 3 numbers"},
		{window(3, 3), 0, nil, "a window that exceeds its storage of 5"},
		{window(-1, 3), 0, nil, "a window that exceeds"},
		{window(6, 0), 0, nil, "a window that exceeds"},
		{"X\x01\x00\x00\x00v", 0, nil, "the window on a storage is a str"},
		{"(I1\nt", 0, nil, "the window on a storage is a tuple"},
	} {
		got, err := readW(legacyOf(legacyDict(c.window, 5, c.offset, "2", "1"), legacyKeys, numbers))
		if !slices.Equal(got, c.want) || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%q at %d: got %v, %v", c.window, c.offset, got, err)
		}
	}
}

func TestDamagedLegacies(t *testing.T) {
	object, numbers := legacyDict("N", 2, 0, "2", "1"), block(2, floats(1, 2))
	key := func(names string) string { return "\x80\x02(" + names + "l." }
	const a, b = "X\x01\x00\x00\x000", "X\x01\x00\x00\x001"
	tar := make([]byte, 1024)
	copy(tar, "sys_info")
	copy(tar[257:], "ustar\x0000")
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"protocol":          {[]byte(legacyMagic + "\x80\x02M\xea\x03."), "protocol 1002, want 1001"},
		"no protocol":       {[]byte(legacyMagic + "}("), "the protocol: checkpoint is truncated"},
		"no machine":        {[]byte(legacyMagic + "\x80\x02M\xe9\x03." + "t"), "the writer's machine: pickle: byte 0 (TUPLE)"},
		"bad object":        {legacyOf("}(.", legacyKeys), "the object: pickle: byte 2 (STOP)"},
		"keys are a dict":   {legacyOf(object, "}."), "the keys of the storages: torchfile: a dict"},
		"foreign key":       {legacyOf(object, key(a+b), numbers), `storage "1" belongs to no tensor`},
		"key twice":         {legacyOf(object, key(a+a), numbers, numbers), `storage "0" is there twice`},
		"key missing":       {legacyOf(object, key("")), `the checkpoint has no storage "0"`},
		"another count":     {legacyOf(object, legacyKeys, block(3, floats(1, 2, 3))), `storage "0" at byte`},
		"huge count":        {legacyOf(legacyDict("N", 1<<59, 0, "2", "1"), legacyKeys, block(1<<59, "")), "is truncated at byte"},
		"no storage":        {legacyOf(object, legacyKeys), "is truncated at byte"},
		"negative count":    {legacyOf(legacyDict("N", -1, 0, "2", "1"), legacyKeys), "malformed id"},
		"two types":         {legacyOf(strings.TrimSuffix(object, "ss.")+"s0"+stateDict("torch\nHalfStorage", 2, 0, "2", "1")[2:], legacyKeys, numbers), "one storage in two sizes or types"},
		"two sizes":         {legacyOf(strings.TrimSuffix(object, "ss.")+"s0"+legacyDict("N", 3, 0, "2", "1")[2:], legacyKeys, numbers), "one storage in two sizes or types"},
		"unknown type":      {legacyOf(stateDict("torch\nNewStorage", 2, 0, "2", "1"), legacyKeys, numbers), "torch.NewStorage"},
		"expansion bomb":    {legacyOf(legacyDict("N", 1, 0, "99999999999", "0"), legacyKeys, block(1, floats(1))), "repeats the 1 numbers"},
		"tar":               {tar, "a tar archive: PyTorch before version 0.1.10"},
		"behind an unknown": {legacyOf(twoTypes(), key(b+a), block(2, floats(1, 2)), numbers), `storage "0" is not read: it may lie behind storage "1" of type torch.NewStorage`},
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

// twoTypes is a state dict of "v", of an unknown type in storage 1, and "w".
func twoTypes() string {
	v := stateDict("torch\nNewStorage", 2, 0, "2", "1")
	v = strings.Replace(strings.Replace(v, "X\x01\x00\x00\x00w", "X\x01\x00\x00\x00v", 1), "\x00\x00\x000X", "\x00\x00\x001X", 1)
	w := legacyDict("N", 2, 0, "2", "1")
	return strings.TrimSuffix(v, "ss.") + "s" + w[strings.Index(w, "X\x01\x00\x00\x00w"):]
}

// TestLongLegacy reads an object that is longer than what is read of it at first,
// and one that is longer than what may be read.
func TestLongLegacy(t *testing.T) {
	for length, want := range map[int]string{1 << 16: "", 33 << 20: "a pickle of more than 67108864 bytes"} {
		note := "T" + string(binary.LittleEndian.AppendUint32(nil, uint32(length))) + strings.Repeat(" ", length) + "0"
		object := strings.TrimSuffix(legacyDict("N", 2, 0, "2", "1"), ".") + note + note + "."
		_, err := readW(legacyOf(object, legacyKeys, block(2, floats(1, 2))))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%d bytes: %v", len(object), err)
		}
	}
}

// TestLegacyFaultsBelow tells a file that cannot be read from one that is cut.
func TestLegacyFaultsBelow(t *testing.T) {
	data := readFile(t, "kinds_legacy.pth")
	away := errors.New("the disk went away")
	for n := int64(0); n < int64(len(data)); n += 97 {
		c, err := torchfile.Open(faulty{bytes.NewReader(data), n, away}, int64(len(data)))
		if err == nil {
			_, err = c.Tensor("plain")
		}
		if err != nil && !errors.Is(err, away) {
			t.Errorf("a fault at %d: %v", n, err)
		}
	}
}

// faulty fails for reads that reach behind a place.
type faulty struct {
	*bytes.Reader
	at  int64
	err error
}

func (f faulty) ReadAt(p []byte, off int64) (int, error) {
	if off+int64(len(p)) > f.at {
		return 0, f.err
	}
	return f.Reader.ReadAt(p, off)
}
