package torchfile_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sdl-batch/sdl-batch/model/golden"
	"github.com/sdl-batch/sdl-batch/model/torchfile"
	"github.com/sdl-batch/sdl-batch/model/torchfile/pickle"
)

const maxBytes = 4 << 20

func arrays(t testing.TB) map[string][]byte {
	t.Helper()
	var files map[string][]byte
	if err := json.Unmarshal(readFile(t, "arrays.json"), &files); err != nil {
		t.Fatal(err)
	}
	return files
}

// TestArrays reads arange(24).reshape(2,3,4)/8 as NumPy writes it in every
// protocol, order and width (testdata/make.py).
func TestArrays(t *testing.T) {
	want := torchfile.Array{Shape: []int{2, 3, 4}, Values: eighths()}
	read := 0
	for name, data := range arrays(t) {
		if name[0] != 'p' {
			continue
		}
		read++
		got, err := torchfile.ReadNumpyArray(bytes.NewReader(data), maxBytes)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v %s", name, err, diff)
		}
		renamed := strings.ReplaceAll(string(data), "numpy.core.", "numpy._core.")
		if strings.Contains(renamed, "cnumpy._core") { // protocols whose names carry no length
			if _, err := torchfile.ReadNumpyArray(strings.NewReader(renamed), maxBytes); err != nil {
				t.Errorf("%s, as NumPy 2 writes it: %v", name, err)
			}
		}
	}
	if read != 36 {
		t.Errorf("%d arrays, want 36", read)
	}
}

func TestRefusedArrays(t *testing.T) {
	files := arrays(t)
	plain := string(files["p2_C_<f8"])
	for name, c := range map[string]struct{ data, want string }{
		"objects":       {string(files["object"]), `dtype "O8"`},
		"integers":      {string(files["int"]), `dtype "i8"`},
		"no array":      {"].", "the pickle holds a list"},
		"wrong shape":   {strings.Replace(plain, "K\x02K\x03K\x04", "K\x02K\x03K\x05", 1), "shape [2 3 5]"},
		"foreign class": {strings.ReplaceAll(plain, "cnumpy\nndarray", "cevil\nndarray"), "value of numpy.core.multiarray._reconstruct (never run)"},
		"empty array":   {"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00tU\x01btR.", "without contents"},
		"cut":           {plain[:len(plain)-60], "the pickle ends"},
	} {
		_, err := torchfile.ReadNumpyArray(strings.NewReader(c.data), maxBytes)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
	if _, err := torchfile.ReadNumpyArray(strings.NewReader(plain), int64(len(plain)-1)); err == nil {
		t.Error("an array above the limit was read")
	}
	if _, err := torchfile.ReadNumpyArray(strings.NewReader(plain), int64(len(plain))); err != nil {
		t.Errorf("an array at the limit: %v", err)
	}
}

func nusWide(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(golden.NUSWide(t), name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestNUSWideVectors compares with what NumPy 1.24 prints for the file: w[0,0],
// w[1,0], w[0,1], w[299,1005], w[17,923].
func TestNUSWideVectors(t *testing.T) {
	w, err := torchfile.ReadNumpyArray(bytes.NewReader(nusWide(t, "wordvec_array.pickle")), maxBytes)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(w.Shape, []int{300, 1006}) || w.Validate() != nil {
		t.Fatalf("shape %v with %d values", w.Shape, len(w.Values))
	}
	for at, want := range map[[2]int]float32{
		{0, 0}: -0.03170860558748245, {1, 0}: -0.09876204282045364, {0, 1}: 0.04358429089188576,
		{299, 1005}: 0.000842378125526011, {17, 923}: 0.06396059691905975,
	} {
		if got := w.Values[at[0]*1006+at[1]]; got != want {
			t.Errorf("w%v = %v, want %v", at, got, want)
		}
	}
	checkUnitColumns(t, w.Values, 300, 1006, 1e-6)
}

func checkUnitColumns(t *testing.T, values []float32, rows, columns int, tolerance float64) {
	t.Helper()
	for c := range columns {
		var square float64
		for r := range rows {
			square += float64(values[r*columns+c]) * float64(values[r*columns+c])
		}
		if math.Abs(math.Sqrt(square)-1) > tolerance {
			t.Fatalf("column %d has length %v", c, math.Sqrt(square))
		}
	}
}

// TestCOCOVectors compares with what NumPy 1.24 prints for the file.
func TestCOCOVectors(t *testing.T) {
	v, err := torchfile.ReadPickle(bytes.NewReader(nusWide(t, "coco_wordvec_array.pickle")), pickle.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	d, ok := v.(*pickle.Dict)
	if !ok || d.Len() != 1 {
		t.Fatalf("a %s", pickle.Kind(v))
	}
	item, _ := d.Get("wordvec_array")
	nd, ok := item.(*torchfile.NDArray)
	if !ok {
		t.Fatalf("a %s", pickle.Kind(item))
	}
	a, err := nd.Array()
	if err != nil || !slices.Equal(a.Shape, []int{1, 300, 80}) || !slices.Equal(nd.Shape(), a.Shape) {
		t.Fatalf("shape %v, %v", a.Shape, err)
	}
	for at, want := range map[[2]int]float32{
		{0, 0}: 0.0157623291015625, {1, 0}: -0.0251312255859375, {0, 1}: 0.01342010498046875,
		{299, 79}: 0.1131591796875, {17, 42}: -0.00363922119140625,
	} {
		if got := a.Values[at[0]*80+at[1]]; got != want {
			t.Errorf("a[0]%v = %v, want %v", at, got, want)
		}
	}
	checkUnitColumns(t, a.Values, 300, 80, 1e-4)
}

func TestCOCOIndexSets(t *testing.T) {
	v, err := torchfile.ReadPickle(bytes.NewReader(nusWide(t, "coco_cls_ids.pickle")), pickle.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]int{"train": 48, "test": 17, "val": 0} {
		item, _ := v.(*pickle.Dict).Get(name)
		s, ok := item.(*pickle.Set)
		if !ok || len(s.Items()) != want {
			t.Fatalf("%s is a %s", name, pickle.Kind(item))
		}
		if s.Contains(int64(76)) != (name == "test") {
			t.Errorf("76 is only in test, but %s says otherwise", name)
		}
	}
}

func TestNUSWideClasses(t *testing.T) {
	classes, err := torchfile.ReadIntStringDict(bytes.NewReader(nusWide(t, "classes.pickle")), maxBytes)
	if err != nil {
		t.Fatal(err)
	}
	if len(classes) != 1006 || classes[0] != "abandoned" || classes[1] != "abstract" || classes[1005] != "zoo" {
		t.Errorf("%d classes: %q, %q … %q", len(classes), classes[0], classes[1], classes[1005])
	}
	unseen, err := torchfile.ReadStringList(bytes.NewReader(nusWide(t, "unseen_classes.pickle")), maxBytes)
	if err != nil {
		t.Fatal(err)
	}
	if len(unseen) != 81 || !slices.Equal(unseen[:4], []string{"dog", "sand", "airport", "earthquake"}) || unseen[80] != "leaf" {
		t.Errorf("%d unseen classes: %q", len(unseen), unseen)
	}
	known := map[string]bool{}
	for _, name := range classes {
		known[name] = true
	}
	for _, name := range unseen {
		if !known[name] {
			t.Errorf("unseen class %q is no class", name)
		}
	}
}

func TestRefusedLists(t *testing.T) {
	for data, want := range map[string]string{
		"}.":                  "a dict, no list of strings",
		"](U\x01aK\x01e.":     "item 1 of the list is a int, no string",
		"](U\x01\xffe.":       "no UTF-8",
		"cos\nsystem\nU\x01x": "the pickle ends",
		"cos\nf\n)R.":         "value of os.f (never run), no list",
	} {
		if _, err := torchfile.ReadStringList(strings.NewReader(data), maxBytes); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", data, err, want)
		}
	}
	for data, want := range map[string]string{
		"].":                     "a list, no dict",
		"}(U\x01aU\x01bu.":       "a key of the dict is a str",
		"}(K\x05K\x06u.":         "entry 5 of the dict is a int",
		"}(K\x05U\x02\xc3\x28u.": "no UTF-8",
	} {
		if _, err := torchfile.ReadIntStringDict(strings.NewReader(data), maxBytes); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", data, err, want)
		}
	}
}

// TestReadingIsBounded checks the cap on the input against an endless one.
func TestReadingIsBounded(t *testing.T) {
	var err error
	if n := allocatedBy(func() { _, err = torchfile.ReadNumpyArray(endless{}, 1<<20) }); n > 16<<20 || err == nil {
		t.Errorf("%d bytes allocated, error %v", n, err)
	}
	if want := fmt.Sprintf("more than %d bytes", 1<<20); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %q", err, want)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }
