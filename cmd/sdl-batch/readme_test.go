package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sdl-batch/sdl-batch/model/golden"
	"github.com/sdl-batch/sdl-batch/model/ort/orttest"
)

// TestReadmesCommandsWork runs the README's shell blocks, but for the make
// targets, in a folder with the files that it talks of.
func TestReadmesCommandsWork(t *testing.T) {
	nus := golden.NUSWide(t)
	orttest.Load(t)
	dir := t.TempDir()
	for _, name := range []string{"classes.pickle", "unseen_classes.pickle", "wordvec_array.pickle"} {
		link(t, filepath.Join(nus, name), filepath.Join(dir, name))
	}
	link(t, golden.Own("tresnet_tiny.pth"), filepath.Join(dir, "model.pth"))
	photos, err := filepath.Glob(filepath.Join(nus, "pics", "*.jpg"))
	if err != nil || len(photos) == 0 {
		t.Fatalf("no photos in %s: %v", nus, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "images.txt"), []byte(strings.Join(photos, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	build := exec.Command("go", "build", "-o", filepath.Join(dir, "sdl-batch"), ".")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	blocks := shellBlocks(t)
	if len(blocks) < 2 {
		t.Fatalf("the README has %d blocks with commands", len(blocks))
	}
	for _, block := range blocks {
		run := exec.Command("bash", "-euc", block)
		run.Dir = dir
		library := filepath.Join(golden.Repository(), "bin", "libonnxruntime.so.1")
		if named := os.Getenv("SDL_ORT_LIB"); named != "" {
			library = named
		}
		run.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "SDL_ORT_LIB="+library)
		if out, err := run.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s\n%s", err, block, out)
		}
	}
}

func link(t *testing.T, target, name string) {
	t.Helper()
	if err := os.Symlink(target, name); err != nil {
		t.Fatal(err)
	}
}

// shellBlocks returns the README's sh blocks that call the program.
func shellBlocks(t *testing.T) (blocks []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(golden.Repository(), "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range strings.Split(string(text), "```sh\n")[1:] {
		block, _, _ := strings.Cut(part, "```")
		if strings.Contains(block, "sdl-batch ") {
			blocks = append(blocks, block)
		}
	}
	return blocks
}
