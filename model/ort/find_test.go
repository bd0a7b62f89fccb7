package ort_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sdl-batch/sdl-batch/model/ort"
)

const libraryName = "libonnxruntime.so.1"

func fakeLibrary(t *testing.T) (folder, path string) {
	t.Helper()
	folder = t.TempDir()
	path = filepath.Join(folder, libraryName)
	if err := os.WriteFile(path, []byte("no library"), 0o644); err != nil {
		t.Fatal(err)
	}
	return folder, path
}

func TestFindTakesTheNamedFileOrFolder(t *testing.T) {
	folder, path := fakeLibrary(t)
	otherFolder, other := fakeLibrary(t)
	tests := []struct{ explicit, environment, want string }{
		{path, "", path},
		{folder, "", path},
		{"", other, other},
		{path, otherFolder, path},
	}
	for _, tt := range tests {
		if got, err := ort.Find(tt.explicit, tt.environment); got != tt.want || err != nil {
			t.Errorf("Find(%q, %q) = %q, %v, want %q", tt.explicit, tt.environment, got, err, tt.want)
		}
	}
}

func TestFindTriesNothingElseForANamedPath(t *testing.T) {
	_, present := fakeLibrary(t)
	missing := filepath.Join(t.TempDir(), "none")
	_, err := ort.Find(missing, present)
	if !errors.Is(err, ort.ErrNoLibrary) || !strings.Contains(err.Error(), missing) {
		t.Error(err)
	}
}

func TestFindNeverLooksIntoTheWorkingFolder(t *testing.T) {
	folder, _ := fakeLibrary(t)
	t.Chdir(folder)
	path, err := ort.Find("", "")
	if strings.HasPrefix(path, folder) {
		t.Errorf("found %s", path)
	}
	executable, _ := os.Executable()
	if err != nil && !strings.Contains(err.Error(), filepath.Dir(executable)) {
		t.Errorf("the error does not say where it looked: %v", err)
	}
}
