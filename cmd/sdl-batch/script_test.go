package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/sdl-batch/sdl-batch/model/golden"
	"github.com/sdl-batch/sdl-batch/model/ort"
)

// TestMain makes the program a command of the scripts, as it is started by
// people: in a process of its own.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"sdl-batch": main})
}

// TestScripts tries the command line, one behaviour a script.
func TestScripts(t *testing.T) {
	testscript.Run(t, scripts(filepath.Join("testdata", "script")))
}

// TestScriptsOnRealFiles tries it on the NUS-WIDE vocabulary and photos.
func TestScriptsOnRealFiles(t *testing.T) {
	p := scripts(filepath.Join("testdata", "nuswide"))
	folder := golden.NUSWide(t)
	setup := p.Setup
	p.Setup = func(e *testscript.Env) error {
		e.Setenv("NUSWIDE", folder)
		return setup(e)
	}
	testscript.Run(t, p)
}

func scripts(folder string) testscript.Params {
	return testscript.Params{
		Dir: folder, Setup: setUp, Condition: condition, RequireUniqueNames: true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"status": status, "golden": copyGolden, "json": checkJSON, "jsonenv": keepJSON, "images": listImages,
			"png": drawPNG, "jpeg": drawJPEG, "bytes": writeBytes, "cut": cutFile, "alter": alterFile,
			"checkpoint": writeCheckpoint, "pack": packFile, "table": writeTable,
			"encoder": writeEncoder, "tagvectors": writeTagVectors, "labels": writeLabels, "pertag": listTags, "labelrows": listLabels, "manifestof": manifestOf, "review": review,
		},
	}
}

// setUp tells scripts where the runtime library and the pickles are.
func setUp(e *testscript.Env) error {
	pickles, err := filepath.Abs(filepath.Join("testdata", "pickles"))
	if err != nil {
		return err
	}
	e.Setenv("PICKLES", pickles)
	e.Setenv("SDL_ORT_LIB", library())
	return nil
}

// library is the place that SDL_ORT_LIB names, else the checkout's bin.
func library() string {
	if named := os.Getenv("SDL_ORT_LIB"); named != "" {
		return named
	}
	return filepath.Join(golden.Repository(), "bin", "libonnxruntime.so.1")
}

// condition knows: ort, the runtime library is there; root, permissions bind
// nobody here; cuda, its provider is beside the library.
func condition(name string) (bool, error) {
	path, err := ort.Find(library(), "")
	switch name {
	case "ort":
		return err == nil, nil
	case "root":
		return os.Geteuid() == 0, nil
	case "cuda":
		_, missing := os.Stat(filepath.Join(filepath.Dir(path), "libonnxruntime_providers_cuda.so"))
		return missing == nil, nil
	}
	return false, fmt.Errorf("unknown condition %q", name)
}
