package queries_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// programEnv names the program under test; without it, the one that `make
// build` leaves in the checkout is taken.
const programEnv = "SDL_BATCH_BIN"

// lake is a dataset that the program wrote.
type lake struct {
	dir  string
	runs []run
}

// run is one run of a lake and what must have become of it.
type run struct {
	id      string
	topK    int
	uris    []string          // in manifest order
	rejects map[string]string // uri -> stage of the images that cannot be labelled
}

func (r run) ok() int { return len(r.uris) - len(r.rejects) }

// workDir is the folder of the lake that all tests read.
var workDir string

func TestMain(m *testing.M) {
	var err error
	if workDir, err = os.MkdirTemp("", "queries"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(workDir)
	os.Exit(code)
}

var (
	labelling sync.Once
	theLake   *lake
	labelErr  error
)

// labelled returns the lake: two runs, with several parts each, of images that
// are drawn here. The first test that asks has the program label them.
func labelled(t *testing.T) *lake {
	t.Helper()
	program := programPath(t)
	labelling.Do(func() { theLake, labelErr = label(program) })
	if labelErr != nil {
		t.Fatal(labelErr)
	}
	return theLake
}

// programPath returns the absolute path of the program, and skips the test
// where none was built.
func programPath(t *testing.T) string {
	t.Helper()
	path, named := os.LookupEnv(programEnv)
	if !named {
		path = filepath.Join("..", "..", "bin", "sdl-batch")
	}
	path, err := filepath.Abs(path)
	if err == nil {
		_, err = os.Stat(path)
	}
	if err != nil && named {
		t.Fatalf("%s: %v", programEnv, err)
	}
	if err != nil {
		t.Skipf("SKIPPED, NOT PASSED: no program at %s; run `make build` or set %s", path, programEnv)
	}
	return path
}

func label(program string) (*lake, error) {
	all, rejects, err := drawImages(filepath.Join(workDir, "images"), 19)
	if err != nil {
		return nil, err
	}
	l := &lake{dir: filepath.Join(workDir, "dataset"), runs: []run{
		{id: "2026-01-31", topK: 10, uris: all, rejects: rejects},
		{id: "few", topK: 3, uris: all[:9]},
	}}
	for _, r := range l.runs {
		if err := r.label(program, l.dir); err != nil {
			return nil, err
		}
	}
	return l, nil
}

func (r run) label(program, dataset string) error {
	manifest := filepath.Join(workDir, "images", r.id+".txt")
	if err := os.WriteFile(manifest, []byte(strings.Join(r.uris, "\n")+"\n"), 0o644); err != nil {
		return err
	}
	command := exec.Command(program, "run", "--manifest", manifest, "--output", dataset, "--run-id", r.id,
		"--top-k", strconv.Itoa(r.topK), "--shard-rows", "8", "--max-reject-rate", "0.5", "--device", "cpu")
	if said, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(command.Args, " "), err, said)
	}
	return nil
}
