package augment

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"slices"
	"testing"
)

// goldens are Pillow's results, see testdata/make.py.
type goldens struct {
	Images []struct {
		Name string
		Size int
	}
	Cases []struct {
		Image, Operation, SHA256 string
		Parameter                float64
	}
}

func readGoldens(t *testing.T) (goldens, []byte) {
	t.Helper()
	text, err := os.ReadFile("testdata/cases.json")
	if err != nil {
		t.Fatal(err)
	}
	var g goldens
	if err := json.Unmarshal(text, &g); err != nil {
		t.Fatal(err)
	}
	values, err := os.ReadFile("testdata/cases.bin")
	if err != nil {
		t.Fatal(err)
	}
	return g, values
}

// TestOperationsEqualPillow: not a byte differs.
func TestOperationsEqualPillow(t *testing.T) {
	g, values := readGoldens(t)
	images, sizes := map[string][]byte{}, map[string]int{}
	for _, im := range g.Images {
		sizes[im.Name] = im.Size
		if im.Name == "large" {
			images[im.Name] = large(im.Size)
			continue
		}
		n := 3 * im.Size * im.Size
		images[im.Name], values = values[:n], values[n:]
	}
	seen := map[string]int{}
	for _, c := range g.Cases {
		size := sizes[c.Image]
		p := picture{slices.Clone(images[c.Image]), make([]byte, 3*size*size), size}
		kindNamed(t, c.Operation).run(p, c.Parameter)
		seen[c.Operation]++
		if c.SHA256 != "" {
			if sum := sha256.Sum256(p.rgb); hex.EncodeToString(sum[:]) != c.SHA256 {
				t.Errorf("%s %v of image %s differs from Pillow's", c.Operation, c.Parameter, c.Image)
			}
			continue
		}
		want := values[:len(p.rgb)]
		values = values[len(p.rgb):]
		if !bytes.Equal(p.rgb, want) {
			t.Errorf("%s %v of image %s: %s", c.Operation, c.Parameter, c.Image, difference(p.rgb, want))
		}
	}
	if len(values) > 0 || len(seen) != len(kinds) {
		t.Errorf("%d bytes left over; %d of %d operations compared", len(values), len(seen), len(kinds))
	}
}

func kindNamed(t *testing.T, name string) *kind {
	t.Helper()
	i := slices.IndexFunc(kinds, func(k kind) bool { return k.name == name })
	if i < 0 {
		t.Fatalf("no operation %s", name)
	}
	return &kinds[i]
}

func difference(got, want []byte) string {
	count, most, first := 0, 0, -1
	for i := range got {
		d := int(got[i]) - int(want[i])
		if d == 0 {
			continue
		}
		if first < 0 {
			first = i
		}
		count, most = count+1, max(most, d, -d)
	}
	text, _ := json.Marshal(map[string]int{"bytes": count, "most": most, "first": first})
	return string(text)
}

// large draws the image that make.py calls so.
func large(size int) []byte {
	rgb := make([]byte, 0, 3*size*size)
	for y := range size {
		for x := range size {
			for c := range 3 {
				rgb = append(rgb, byte((7*x*x+13*y+91*c)^(x*y)))
			}
		}
	}
	return rgb
}
