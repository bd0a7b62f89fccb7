// Package orttest loads the runtime library for tests.
package orttest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/sdl-batch/sdl-batch/model/golden"
	"github.com/sdl-batch/sdl-batch/model/ort"
)

// Load loads the library that SDL_ORT_LIB names, else the one in the checkout's
// bin. The test is skipped where there is none.
func Load(t testing.TB) ort.Library {
	t.Helper()
	place := os.Getenv("SDL_ORT_LIB")
	if place == "" {
		place = filepath.Join(golden.Repository(), "bin")
	}
	path, err := ort.Find(place, "")
	if err != nil {
		t.Skipf("SKIPPED, NOT PASSED: %v; run `make build` or set SDL_ORT_LIB", err)
	}
	library, err := ort.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	return library
}
