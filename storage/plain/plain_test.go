package plain_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"go.uber.org/goleak"

	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/plain"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var text = strings.Repeat("one line\nand another\n", 5000)

// compressors by the name of what they make.
var compressors = map[string]func(io.Writer) io.WriteCloser{
	"plain": func(w io.Writer) io.WriteCloser { return nothing{w} },
	"gzip":  func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) },
	"zstd": func(w io.Writer) io.WriteCloser {
		z, err := zstd.NewWriter(w)
		if err != nil {
			panic(err)
		}
		return z
	},
}

type nothing struct{ io.Writer }

func (nothing) Close() error { return nil }

// compressed is text in as many members as asked for.
func compressed(t testing.TB, by func(io.Writer) io.WriteCloser, members int) []byte {
	t.Helper()
	var buf bytes.Buffer
	for range members {
		w := by(&buf)
		if _, err := io.WriteString(w, text); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return buf.Bytes()
}

func read(r io.Reader) (string, error) {
	p, err := plain.NewReader(r)
	if err != nil {
		return "", err
	}
	defer p.Close()
	data, err := io.ReadAll(p)
	return string(data), err
}

func TestFilesReadAsTheyWere(t *testing.T) {
	for name, by := range compressors {
		for members := range 3 {
			got, err := read(bytes.NewReader(compressed(t, by, members)))
			if err != nil || got != strings.Repeat(text, members) {
				t.Errorf("%s of %d members: %d bytes, %v", name, members, len(got), err)
			}
		}
	}
	if got, err := read(strings.NewReader("ab")); got != "ab" || err != nil {
		t.Errorf("a short file: %q, %v", got, err)
	}
}

func TestTruncatedFilesAreTold(t *testing.T) {
	for _, name := range []string{"gzip", "zstd"} {
		data := compressed(t, compressors[name], 1)
		for _, n := range []int{5, 20, len(data) / 2, len(data) - 1} {
			if _, err := read(bytes.NewReader(data[:n])); !errors.Is(err, plain.ErrTruncated) {
				t.Errorf("%s cut after %d of %d bytes: %v", name, n, len(data), err)
			}
		}
	}
}

func TestDamagedFilesAreTold(t *testing.T) {
	for _, name := range []string{"gzip", "zstd"} {
		data := compressed(t, compressors[name], 1)
		data[len(data)-6] ^= 0xff // of the checksum, or close before it
		if _, err := read(bytes.NewReader(data)); !errors.Is(err, plain.ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestFaultsBelowStayWhatTheyAre: a store that goes away is no damaged file.
func TestFaultsBelowStayWhatTheyAre(t *testing.T) {
	away := errors.New("the store went away")
	for name, by := range compressors {
		data := compressed(t, by, 1)
		for _, n := range []int{0, len(data) / 2} {
			_, err := read(io.MultiReader(bytes.NewReader(data[:n]), iotest.ErrReader(away)))
			if !errors.Is(err, away) || errors.Is(err, plain.ErrDamaged) {
				t.Errorf("%s after %d bytes: %v", name, n, err)
			}
		}
	}
}

// TestWindowsAreBounded: a stream may not claim all memory.
func TestWindowsAreBounded(t *testing.T) {
	const descriptor, window = 0x00, 18 << 3 // a window of 2^(10+18) bytes
	frame := append([]byte("\x28\xb5\x2f\xfd"), descriptor, window)
	_, err := read(bytes.NewReader(append(frame, make([]byte, 64)...)))
	if !errors.Is(err, plain.ErrWindow) || errors.Is(err, plain.ErrDamaged) {
		t.Errorf("got %v", err)
	}
}

func TestOpenReadsObjects(t *testing.T) {
	bucket, err := storage.Open(t.Context(), "mem://plain/deep")
	if err != nil {
		t.Fatal(err)
	}
	data := compressed(t, compressors["gzip"], 2)
	for name, n := range map[string]int{"whole.gz": len(data), "cut.gz": len(data) - 1, "head.gz": 5} {
		if err := bucket.WriteObject(t.Context(), name, func(w io.Writer) error { _, err := w.Write(data[:n]); return err }); err != nil {
			t.Fatal(err)
		}
	}
	open := func(name string) (string, error) {
		f, err := plain.Open(t.Context(), "mem://plain/deep/"+name)
		if err != nil {
			return "", err
		}
		got, err := io.ReadAll(f)
		return string(got), errors.Join(err, f.Close())
	}
	if got, err := open("whole.gz"); err != nil || got != text+text {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	for _, name := range []string{"cut.gz", "head.gz"} {
		if _, err := open(name); !errors.Is(err, plain.ErrTruncated) || !strings.Contains(err.Error(), "mem://plain/deep/"+name+": ") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := open("none"); !errors.Is(err, storage.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func FuzzReader(f *testing.F) {
	f.Add([]byte("plain"))
	for _, by := range compressors {
		f.Add(compressed(f, by, 2))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := plain.NewReader(bytes.NewReader(data))
		if err != nil {
			return
		}
		defer p.Close()
		_, _ = io.Copy(io.Discard, io.LimitReader(p, 1<<20)) // rows or an error, never a panic
	})
}
