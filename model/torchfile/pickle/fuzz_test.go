package pickle_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/sdl-batch/sdl-batch/model/torchfile/pickle"
)

// FuzzPickle looks for panics, hangs, and results that differ from one reading
// to the next.
func FuzzPickle(f *testing.F) {
	for protocol := range 6 {
		data, err := os.ReadFile(filepath.Join("testdata", fmt.Sprintf("values_p%d.pickle", protocol)))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	for _, s := range []string{
		"cos\nsystem\n(S'x'\ntR.", "]q\x00h\x00a.", "}(K\x01K\x02u.", "\x8f(K\x01\x90.", "(S'id'\nios\npopen\n.",
		"c_codecs\nencode\nU\x01xU\x06latin1\x86R.", "\x80\x05\x96\x01\x00\x00\x00\x00\x00\x00\x00z\x98.", "I01\n.", "Va\\u2603\n.",
	} {
		f.Add([]byte(s))
	}
	limits := pickle.Limits{InputBytes: 1 << 16, AllocBytes: 1 << 20}
	f.Fuzz(func(t *testing.T, data []byte) {
		first, n, err := pickle.Load(data, pickle.Host{}, limits)
		second, _, again := pickle.Load(data, pickle.Host{}, limits)
		if (err == nil) != (again == nil) || pickle.Kind(first) != pickle.Kind(second) {
			t.Fatalf("%v (%s) and then %v (%s)", err, pickle.Kind(first), again, pickle.Kind(second))
		}
		if n < 0 || n > len(data) {
			t.Fatalf("read %d of %d bytes", n, len(data))
		}
	})
}
