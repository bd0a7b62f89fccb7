package decode_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sdl-batch/sdl-batch/stages/decode"
)

// corpus returns the files that Go and golang.org/x/image test their decoders
// with, by path.
func corpus(t *testing.T) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for _, command := range [][]string{{"env", "GOROOT"}, {"list", "-m", "-f", "{{.Dir}}", "golang.org/x/image"}} {
		out, err := exec.Command("go", command...).Output()
		if err != nil {
			t.Fatalf("go %v: %v", command, err)
		}
		root := strings.TrimSpace(string(out))
		if command[0] == "env" {
			root = filepath.Join(root, "src", "image")
		}
		err = filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() || !strings.Contains(path, "testdata") {
				return err
			}
			files[path], err = os.ReadFile(path)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(files) < 150 {
		t.Fatalf("only %d files", len(files))
	}
	return files
}

// pillowDigests are the SHA-256 of the pixels that Pillow makes of files, 16 x 16
// and bicubic, by the SHA-256 of the file.
func pillowDigests(t *testing.T) (digests map[string]string) {
	t.Helper()
	if err := json.Unmarshal(readFile(t, "testdata/corpus.json"), &digests); err != nil {
		t.Fatal(err)
	}
	return digests
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// TestOtherProjectsFiles: files of the five formats decode, to Pillow's pixels
// where these are known, unless they are there to be refused; all others are
// refused.
func TestOtherProjectsFiles(t *testing.T) {
	d, err := decode.New(decode.Spec{Size: 16, Filter: "bicubic"}, decode.Limits{Timeout: patience})
	if err != nil {
		t.Fatal(err)
	}
	dst, known, compared := make([]byte, 3*16*16), pillowDigests(t), 0
	for path, body := range corpus(t) {
		_, err := d.Decode(t.Context(), body, dst)
		c, name := code(t, err), filepath.Base(path)
		want, ok := known[digest(body)]
		switch {
		case ok && c != "":
			t.Errorf("%s: %v, and Pillow reads it", path, err)
		case ok:
			compared++
			if digest(dst) != want {
				t.Errorf("%s: other pixels than Pillow's", path)
			}
		case ours(name) && c != "" && !damaged(name):
			t.Errorf("%s: %v", path, err)
		case !ours(name) && c != decode.CodeUnknownFormat && c != decode.CodeUnsupportedFormat:
			t.Errorf("%s: %q", path, c)
		}
	}
	t.Logf("%d of %d known files compared", compared, len(known))
	if compared < 100 {
		t.Errorf("only %d files were compared", compared)
	}
}

func ours(name string) bool {
	return slices.Contains([]string{".png", ".jpeg", ".gif", ".bmp", ".webp"}, filepath.Ext(name))
}

func damaged(name string) bool {
	return strings.Contains(name, "invalid") || strings.Contains(name, "truncated")
}

// TestOtherProjectsFilesDamaged cuts the same files and flips their bits.
func TestOtherProjectsFilesDamaged(t *testing.T) {
	d, dst := newDecoder(t, decode.Limits{MaxPixels: 1 << 20})
	times := 20
	if os.Getenv("SDL_TORTURE") != "" {
		times = 1000
	}
	seen := map[string]int{}
	for path, body := range corpus(t) {
		if len(body) == 0 || len(body) > 200<<10 {
			continue
		}
		random := rand.New(rand.NewPCG(1, uint64(len(body))))
		for range times {
			other := bytes.Clone(body[:1+random.IntN(len(body))])
			_, err := d.Decode(t.Context(), other, dst)
			seen[known(t, path, err)]++
			other = bytes.Clone(body)
			for range 1 + random.IntN(8) {
				other[random.IntN(min(len(other), 1<<random.IntN(18)))] = byte(random.Uint32())
			}
			_, err = d.Decode(t.Context(), other, dst)
			seen[known(t, path, err)]++
		}
	}
	t.Log(seen)
}

// known is code, with the file named where it fails.
func known(t *testing.T, path string, err error) string {
	t.Helper()
	defer func() {
		if t.Failed() {
			t.Log(path)
		}
	}()
	return code(t, err)
}

// TestTheSameTwice: a body is refused with one code, whoever decodes it after
// whatever.
func TestTheSameTwice(t *testing.T) {
	first, dst := newDecoder(t, decode.Limits{MaxPixels: 1 << 20})
	second, _ := newDecoder(t, decode.Limits{MaxPixels: 1 << 20})
	bodies := [][]byte{}
	for _, name := range specimens {
		body := readFile(t, "testdata/"+name)
		random := rand.New(rand.NewPCG(3, 4))
		for range 20 {
			other := bytes.Clone(body)
			other[random.IntN(len(other))] ^= 1 << random.IntN(8)
			bodies = append(bodies, other)
		}
	}
	codes := make([]string, len(bodies))
	for i, body := range bodies {
		_, err := first.Decode(context.Background(), body, dst)
		codes[i] = code(t, err)
	}
	for i := len(bodies) - 1; i >= 0; i-- {
		if _, err := second.Decode(context.Background(), bodies[i], dst); code(t, err) != codes[i] {
			t.Errorf("body %d: %v, and %q before", i, err, codes[i])
		}
	}
}
