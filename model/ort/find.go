package ort

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// ErrNoLibrary is reported by Find when no candidate exists.
var ErrNoLibrary = errors.New("ort: onnx runtime library not found")

// Find returns the absolute path of the runtime library: the explicit path, the
// path from the environment, a library beside the executable (or in ../lib), or
// one in a system folder. The first two are empty where not given; given, they
// name the file or its folder and nothing else is tried. The working folder is
// never searched.
func Find(explicit, environment string) (string, error) {
	for _, named := range []string{explicit, environment} {
		if named != "" {
			return findNamed(named)
		}
	}
	folders := append(executableFolders(), systemFolders()...)
	for _, folder := range folders {
		for _, name := range libraryNames() {
			if path := filepath.Join(folder, name); isFile(path) {
				return path, nil
			}
		}
	}
	return "", fmt.Errorf("%w: no %s in %s", ErrNoLibrary, strings.Join(libraryNames(), " or "), strings.Join(folders, ", "))
}

func findNamed(named string) (string, error) {
	path, err := filepath.Abs(named)
	if err != nil {
		return "", fmt.Errorf("ort: library path %s: %w", named, err)
	}
	if isFile(path) {
		return path, nil
	}
	for _, name := range libraryNames() {
		if inside := filepath.Join(path, name); isFile(inside) {
			return inside, nil
		}
	}
	return "", fmt.Errorf("%w: neither a file nor a folder with %s: %s", ErrNoLibrary, strings.Join(libraryNames(), " or "), path)
}

func executableFolders() []string {
	path, err := os.Executable()
	if err != nil {
		return nil
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	folder := filepath.Dir(path)
	return []string{folder, filepath.Join(filepath.Dir(folder), "lib")}
}

func systemFolders() []string {
	if runtime.GOOS == "windows" {
		return nil
	}
	folders := []string{"/usr/local/lib64", "/usr/local/lib", "/usr/lib64", "/usr/lib"}
	switch runtime.GOOS + "/" + runtime.GOARCH {
	case "linux/amd64":
		folders = append(folders, "/usr/lib/x86_64-linux-gnu")
	case "linux/arm64":
		folders = append(folders, "/usr/lib/aarch64-linux-gnu")
	case "darwin/arm64":
		folders = append(folders, "/opt/homebrew/lib")
	}
	return folders
}

func libraryNames() []string {
	switch runtime.GOOS {
	case "darwin":
		return []string{"libonnxruntime.dylib"}
	case "windows":
		return []string{"onnxruntime.dll"}
	}
	return []string{"libonnxruntime.so.1", "libonnxruntime.so"}
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
