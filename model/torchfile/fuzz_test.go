package torchfile_test

import (
	"archive/zip"
	"bytes"
	"testing"

	"github.com/sdl-batch/sdl-batch/model/torchfile"
	"github.com/sdl-batch/sdl-batch/model/torchfile/pickle"
)

// FuzzCheckpoint opens whole files and reads every tensor.
func FuzzCheckpoint(f *testing.F) {
	for _, name := range []string{"kinds.pth", "flat.pth", "module.pth", "legacy.pth", "kinds_legacy.pth"} {
		f.Add(readFile(f, name))
	}
	f.Fuzz(func(t *testing.T, data []byte) { readAll(t, data) })
}

// FuzzStateDict puts any pickle into a sound zip file.
func FuzzStateDict(f *testing.F) {
	f.Add([]byte(stateDict("torch\nFloatStorage", 2, 0, "2", "1")))
	f.Add([]byte(stateDict("torch\nHalfStorage", 4, 1, "1 2", "2 1")))
	f.Add([]byte(stateDict("torch\nDoubleStorage", 1, 0, "3", "0")))
	for _, data := range arrays(f) {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, pkl []byte) {
		readAll(t, zipOf(t, part{"a/data.pkl", string(pkl), zip.Store}, part{"a/data/0", floats(1, 2), zip.Store}))
	})
}

// FuzzLegacy puts any pickles for the object and the keys into a sound stream.
func FuzzLegacy(f *testing.F) {
	f.Add([]byte(legacyDict("N", 2, 0, "2", "1")), []byte(legacyKeys))
	f.Add([]byte(legacyDict("(X\x01\x00\x00\x00vI1\nI1\nt", 2, 0, "1", "1")), []byte(legacyKeys))
	f.Add([]byte(twoTypes()), []byte(legacyKeys))
	f.Add([]byte("\x80\x02((X\x06\x00\x00\x00modulecnet\nNet\nNNtQ)\x81}b."), []byte("]."))
	f.Fuzz(func(t *testing.T, object, keys []byte) {
		readAll(t, legacyOf(string(object), string(keys), block(2, floats(1, 2))))
	})
}

// readAll checks that whatever opens has tensors of the shape they claim.
func readAll(t *testing.T, data []byte) {
	c, err := open(data)
	if err != nil {
		return
	}
	for _, name := range c.Names() {
		if tensor, err := c.Tensor(name); err == nil && tensor.Validate() != nil {
			t.Fatal(tensor.Validate())
		}
		_, _ = c.Ints(name)
	}
	for _, key := range c.MetaKeys() {
		v, _ := c.Meta(key)
		_, _ = torchfile.IntStrings(v)
	}
}

// FuzzNumpy reads plain pickles of arrays.
func FuzzNumpy(f *testing.F) {
	for _, data := range arrays(f) {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := torchfile.ReadPickle(bytes.NewReader(data), pickle.Limits{InputBytes: 1 << 16, AllocBytes: 1 << 22})
		if err != nil {
			return
		}
		if a, ok := v.(*torchfile.NDArray); ok {
			if array, err := a.Array(); err == nil && array.Validate() != nil {
				t.Fatal(array.Validate())
			}
		}
	})
}
