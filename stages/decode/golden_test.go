package decode_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/sdl-batch/sdl-batch/model/golden"
	"github.com/sdl-batch/sdl-batch/stages/decode"
)

// goldenCase is one entry of preprocess/cases.json.
type goldenCase struct {
	File, Mode    string
	Width, Height int
	Size          int
	Filter        string
	Expected      string
}

// patience is for busy machines; only TestTimeout is about time.
const patience = time.Hour

// TestGolden compares with Pillow on the shared preprocessing cases.
func TestGolden(t *testing.T) {
	for _, c := range goldenCases(t) {
		t.Run(c.Expected, func(t *testing.T) {
			body := readFile(t, golden.Path("preprocess/"+c.File))
			want := readFile(t, golden.Path("preprocess/"+c.Expected))
			got, info := decoded(t, body, decode.Spec{Size: c.Size, Filter: c.Filter})
			if info.Width != c.Width || info.Height != c.Height {
				t.Errorf("size %d x %d, want %d x %d", info.Width, info.Height, c.Width, c.Height)
			}
			compare(t, c.Expected, got, want, 3, 0.1)
		})
	}
}

func goldenCases(t *testing.T) []goldenCase {
	t.Helper()
	var index struct{ Cases []goldenCase }
	if err := json.Unmarshal(readFile(t, golden.Path("preprocess/cases.json")), &index); err != nil {
		t.Fatal(err)
	}
	if len(index.Cases) == 0 {
		t.Fatal("no preprocessing cases")
	}
	return index.Cases
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func decoded(t testing.TB, body []byte, spec decode.Spec) ([]byte, decode.Info) {
	t.Helper()
	d, err := decode.New(spec, decode.Limits{Timeout: patience})
	if err != nil {
		t.Fatal(err)
	}
	dst := make([]byte, 3*spec.Size*spec.Size)
	info, err := d.Decode(t.Context(), body, dst)
	if err != nil {
		t.Fatal(err)
	}
	return dst, info
}

// compare fails where a channel differs by more than maxDiff anywhere or
// maxMean on average, and leaves what it got in a .got file.
func compare(t testing.TB, name string, got, want []byte, maxDiff int, maxMean float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d bytes, want %d", len(got), len(want))
	}
	var worst [3]int
	var sum [3]int
	for i := range want {
		diff := int(got[i]) - int(want[i])
		diff = max(diff, -diff)
		worst[i%3] = max(worst[i%3], diff)
		sum[i%3] += diff
	}
	for channel := range 3 {
		mean := float64(sum[channel]) / float64(len(want)/3)
		t.Logf("%s channel %d: max %d mean %.5f", name, channel, worst[channel], mean)
		if worst[channel] > maxDiff || mean > maxMean {
			t.Errorf("channel %d: max %d mean %.5f, want at most %d and %g", channel, worst[channel], mean, maxDiff, maxMean)
		}
	}
	if t.Failed() {
		leaveGot(t, name, got)
	}
}

func leaveGot(t testing.TB, name string, got []byte) {
	path := filepath.Join(os.TempDir(), filepath.Base(name)+".got")
	if err := os.WriteFile(path, got, 0o644); err != nil {
		t.Logf("no .got file: %v", err)
		return
	}
	t.Logf("what came out is in %s", path)
}
