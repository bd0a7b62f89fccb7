// Package golden finds and reads the reference values that tests compare
// against: numbers computed by other people's code, never by ours.
//
// A golden file is a pair: NAME.json names tensors with shape, dtype and byte
// offset, and says under "meta" what they are; NAME.bin holds the values,
// little-endian, back to back. The folder is the one that SDL_GOLDEN names, or
// this package's testdata.
package golden

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// Tensor is a float32 array in row-major order.
type Tensor struct {
	Shape  []int
	Values []float32
}

// File is one golden pair.
type File struct {
	Meta    json.RawMessage
	Tensors map[string]Tensor
}

// Dir returns the folder that holds the golden files.
func Dir() string {
	if dir := os.Getenv("SDL_GOLDEN"); dir != "" {
		return dir
	}
	return filepath.Join(sourceDir(), "testdata")
}

// Path returns the path of a file in the golden folder.
func Path(name string) string { return filepath.Join(Dir(), filepath.FromSlash(name)) }

// Own returns the path of a file among this project's own golden files,
// whatever SDL_GOLDEN says: for tests that use one as a sample and know more of
// it than its pair tells.
func Own(name string) string {
	return filepath.Join(sourceDir(), "testdata", filepath.FromSlash(name))
}

// Read returns the golden pair called name (no extension).
func Read(t testing.TB, name string) File {
	t.Helper()
	f, err := read(Path(name))
	if err != nil {
		t.Fatalf("golden %s: %v", name, err)
	}
	return f
}

// NUSWide returns the folder with the real NUS-WIDE vocabulary, vectors and
// photos: SDL_NUSWIDE, or shared/nuswide beside the checkout. They are not
// ours to ship, so the test is skipped where they are absent.
func NUSWide(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("SDL_NUSWIDE")
	if dir == "" {
		dir = filepath.Join(Repository(), "..", "shared", "nuswide")
	}
	if _, err := os.Stat(filepath.Join(dir, "wordvec_array.pickle")); err != nil {
		t.Skipf("SKIPPED, NOT PASSED: no NUS-WIDE files at %s; set SDL_NUSWIDE to their folder", dir)
	}
	return dir
}

// Repository returns the root of the checkout that the test was built from.
func Repository() string { return filepath.Dir(filepath.Dir(sourceDir())) }

// RelativeError is ‖got−want‖/‖want‖; infinite when the lengths differ.
func RelativeError(got, want []float32) float64 {
	if len(got) != len(want) {
		return math.Inf(1)
	}
	var diff, norm float64
	for i := range want {
		d := float64(got[i]) - float64(want[i])
		diff += d * d
		norm += float64(want[i]) * float64(want[i])
	}
	if norm == 0 {
		return math.Sqrt(diff)
	}
	return math.Sqrt(diff / norm)
}

func sourceDir() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Dir(file)
}

func read(base string) (File, error) {
	text, err := os.ReadFile(base + ".json")
	if err != nil {
		return File{}, err
	}
	var index struct {
		Meta    json.RawMessage
		Tensors map[string]struct {
			Shape  []int
			Dtype  string
			Offset int
		}
	}
	if err := json.Unmarshal(text, &index); err != nil {
		return File{}, err
	}
	raw, err := os.ReadFile(base + ".bin")
	if err != nil {
		return File{}, err
	}
	f := File{Meta: index.Meta, Tensors: map[string]Tensor{}}
	for name, spec := range index.Tensors {
		if spec.Dtype != "float32" {
			return File{}, fmt.Errorf("%s: dtype %s, want float32", name, spec.Dtype)
		}
		count := 1
		for _, d := range spec.Shape {
			count *= d
		}
		if spec.Offset < 0 || spec.Offset+4*count > len(raw) {
			return File{}, fmt.Errorf("%s: outside the file", name)
		}
		values := make([]float32, count)
		for i := range values {
			values[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[spec.Offset+4*i:]))
		}
		f.Tensors[name] = Tensor{Shape: spec.Shape, Values: values}
	}
	return f, nil
}
