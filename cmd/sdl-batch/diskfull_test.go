package main

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/sdl-batch/sdl-batch/storage/storagetest/smalldisk"
)

// TestEveryCommandOnADiskThatFills runs each command that writes on disks that are
// full after a part of what it needs, of bytes or of files: it ends with 1, says
// which file did not fit, how much room there is and what to do, and leaves no
// part of a file. On a larger disk the same command is then done.
func TestEveryCommandOnADiskThatFills(t *testing.T) {
	if !smalldisk.Inside(t) {
		return
	}
	in := diskInputs(t)
	for _, name := range slices.Sorted(maps.Keys(writers)) {
		t.Run(name, func(t *testing.T) {
			big := smalldisk.New(t, 0, 0)
			if status, words := writes(writers[name], in, big.Path); status != exitDone {
				t.Fatalf("with room for all: %d %s", status, words)
			}
			checkWhole(t, big.Path)
			sizeBytes, files := big.Used()
			fills(t, in, writers[name], 0, 2) // the disk's own folder is one
			fills(t, in, writers[name], 0, files-1)
			fills(t, in, writers[name], sizeBytes/2, 0)
		})
	}
}

// fills runs a command on a small disk, and again when it was made larger.
func fills(t *testing.T, in, line string, sizeBytes, files int) {
	t.Helper()
	d := smalldisk.New(t, sizeBytes, files)
	status, words := writes(line, in, d.Path)
	if status == exitDone && files == 0 {
		return // its only file is one page
	}
	if status != exitFailed || !strings.Contains(words, "no space left on device") || !strings.Contains(words, d.Path+"/") || !strings.Contains(words, "\nhint: free some space, ") {
		t.Errorf("%d bytes, %d files: exit status %d, %s", sizeBytes, files, status, words)
	}
	checkWhole(t, d.Path)
	d.Resize(0, 0)
	if status, words := writes(line, in, d.Path); status != exitDone {
		t.Errorf("%d bytes, %d files, and then more: exit status %d, %s", sizeBytes, files, status, words)
	}
	checkWhole(t, d.Path)
}

// TestEveryCommandOnAReadOnlyDisk ends with 78 and the word for it.
func TestEveryCommandOnAReadOnlyDisk(t *testing.T) {
	if !smalldisk.Inside(t) {
		return
	}
	in := diskInputs(t)
	d := smalldisk.New(t, 0, 0)
	d.ReadOnly(true)
	for _, name := range slices.Sorted(maps.Keys(writers)) {
		status, words := writes(writers[name], in, d.Path)
		if status != exitConfig || !strings.Contains(words, "read-only file system") || !strings.Contains(words, d.Path+"/") || !strings.Contains(words, "hint: mount the disk for writing") {
			t.Errorf("%s: exit status %d, %s", name, status, words)
		}
	}
}

// TestScratchFolderThatIsFullOrMissing: the message names TMPDIR, and the output is not
// touched.
func TestScratchFolderThatIsFullOrMissing(t *testing.T) {
	if !smalldisk.Inside(t) {
		return
	}
	in, out := diskInputs(t), t.TempDir()
	if status, words := writes(writers["run"], in, out); status != exitDone {
		t.Fatal(words)
	}
	tiny := smalldisk.New(t, 1, 0)
	for name, line := range map[string]string{
		"verify": "verify OUT/o --run-id r", "train": writers["train"], "eval": writers["eval"], "promote": writers["promote"],
	} {
		for folder, want := range map[string]int{tiny.Path: exitFailed, tiny.Path + "/gone": exitConfig} {
			c := diskCommand(line, in, out)
			c.Env = append(c.Env, "TMPDIR="+folder)
			if status, words := ends(c); status != want || !strings.Contains(words, folder) || !strings.Contains(words, "hint: scratch files lie in the folder that TMPDIR names") {
				t.Errorf("%s with TMPDIR %s: exit status %d, want %d: %s", name, folder, status, want, words)
			}
		}
	}
}
