package ort

import (
	"debug/elf"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	binding "github.com/yalue/onnxruntime_go"
)

// oldest is the first minor release of ONNX Runtime 1 with the interface that
// the binding speaks.
const oldest = 24

// Library is the loaded runtime.
type Library struct {
	Path    string
	Version string // "1.27.0"
}

var loaded struct {
	sync.Mutex
	library Library
}

// Load loads the library at path, as Find returned it, for the rest of the
// process. Loading the same path again returns the same library; another path
// is an error. A release before 1.24 is refused before any of its code runs.
func Load(path string) (Library, error) {
	loaded.Lock()
	defer loaded.Unlock()
	path, err := filepath.Abs(path)
	if err != nil {
		return Library{}, fmt.Errorf("ort: library path: %w", err)
	}
	switch loaded.library.Path {
	case path:
		return loaded.library, nil
	case "":
	default:
		return Library{}, fmt.Errorf("ort: load %s: this process has loaded %s", path, loaded.library.Path)
	}
	library, err := load(path)
	if err != nil {
		return Library{}, fmt.Errorf("ort: load %s: %w", path, err)
	}
	loaded.library = library
	return library, nil
}

// Loaded returns the library that Load has loaded, and whether it has.
func Loaded() (Library, bool) {
	loaded.Lock()
	defer loaded.Unlock()
	return loaded.library, loaded.library.Path != ""
}

func load(path string) (Library, error) {
	if version := fileVersion(path); version != "" {
		if err := checkVersion(version); err != nil {
			return Library{}, err
		}
	}
	binding.SetSharedLibraryPath(path)
	if err := binding.InitializeEnvironment(); err != nil {
		return Library{}, plain(err)
	}
	version := binding.GetVersion()
	if err := checkVersion(version); err != nil {
		return Library{}, err
	}
	if err := binding.DisableTelemetry(); err != nil {
		return Library{}, fmt.Errorf("switch telemetry off: %w", plain(err))
	}
	return Library{Path: path, Version: version}, nil
}

// fileVersion reads the release out of an ELF file's symbol versions without
// running it; empty where there is none.
func fileVersion(path string) string {
	file, err := elf.Open(path)
	if err != nil {
		return ""
	}
	defer file.Close()
	versions, err := file.DynamicVersions()
	if err != nil {
		return ""
	}
	for _, v := range versions {
		if release, ok := strings.CutPrefix(v.Name, "VERS_"); ok {
			return release
		}
	}
	return ""
}

func checkVersion(version string) error {
	major, rest, _ := strings.Cut(version, ".")
	minor, _, _ := strings.Cut(rest, ".")
	ma, errMajor := strconv.Atoi(major)
	mi, errMinor := strconv.Atoi(minor)
	if errMajor != nil || errMinor != nil {
		return fmt.Errorf("not a version of onnx runtime: %q", version)
	}
	if ma < 1 || ma == 1 && mi < oldest {
		return fmt.Errorf("onnx runtime %s is too old: 1.%d or newer is needed", version, oldest)
	}
	return nil
}

// plain shortens a binding's error to what the library said, without the source
// line that said it.
func plain(err error) error {
	text := err.Error()
	for _, prefix := range []string{"Platform-specific initialization failed: ", "Error creating C session: ", "Error running network: "} {
		text = strings.TrimPrefix(text, prefix)
	}
	if _, said, ok := strings.Cut(text, " was false. "); ok {
		text = said
	}
	return errors.New(strings.TrimSpace(text))
}
