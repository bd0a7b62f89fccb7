package main

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// diskFaults are what system calls answer, as strace injects it, at every call or at
// those of one path below the output, and how a run then ends.
var diskFaults = map[string]struct {
	inject, path string
	status       int
	words        string
}{
	"files cannot be synced":       {"fsync:error=EIO", "", exitTransient, "input/output error\nhint: run the same command again; it goes on"},
	"receipts cannot be synced":    {"fsync:error=EIO", "_runs/r/receipts", exitTransient, "may not have reached the disk: input/output error\nhint: look for errors of the disk in the system's log"},
	"parts cannot be synced":       {"fsync:error=EIO", "images/run=r", exitTransient, "may not have reached the disk: input/output error\nhint: look for errors of the disk in the system's log"},
	"tables cannot be synced":      {"fsync:error=EIO", "images", exitTransient, "may not have reached the disk: input/output error"},
	"no quota for bytes":           {"fsync:error=EDQUOT", "", exitFailed, "disk quota exceeded ("},
	"no quota for names":           {"linkat:error=EDQUOT", "", exitFailed, "disk quota exceeded ("},
	"no quota for folders":         {"mkdirat:error=EDQUOT", "", exitFailed, "disk quota exceeded ("},
	"files cannot be named":        {"renameat,renameat2:error=EIO", "", exitTransient, "input/output error"},
	"read-only in the middle":      {"renameat,renameat2:error=EROFS", "", exitConfig, "read-only file system\nhint: mount the disk for writing"},
	"permission in the middle":     {"renameat,renameat2:error=EACCES", "", exitConfig, "permission denied\nhint: check the credentials and the permissions"},
	"a limit of the size of files": {"fsync:error=EFBIG", "", exitFailed, "file too large\nhint: files may not be that large here"},
}

// TestRunOnADiskWithFaults has a kind of system call fail: a run ends with words and
// the right status, commits nothing, and is completed once the fault is gone.
func TestRunOnADiskWithFaults(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil || exec.Command(strace, "-f", "--seccomp-bpf", "-e", "inject=fsync:error=EIO", "-o", os.DevNull, "true").Run() != nil {
		t.Skip("SKIPPED: no faults of a disk: strace is not installed, or may not trace")
	}
	in := diskInputs(t)
	for _, name := range slices.Sorted(maps.Keys(diskFaults)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // retries take their time
			f, out := diskFaults[name], t.TempDir()
			args := []string{strace, "-f", "--seccomp-bpf", "-qq", "-o", os.DevNull, "-e", "inject=" + f.inject}
			if f.path != "" {
				args = append(args, "-P", filepath.Join(out, "o", f.path))
			}
			c := diskCommand(writers["run"], in, out)
			c.Path, c.Args = strace, append(append(args, c.Path), c.Args[1:]...)
			if status, words := ends(c); status != f.status || !strings.Contains(words, f.words) || !strings.Contains(words, out+"/") {
				t.Errorf("exit status %d, want %d and %q: %s", status, f.status, f.words, words)
			}
			if left, _ := filepath.Glob(out + "/o/_runs/r/commit.json"); len(left) > 0 {
				t.Error("committed")
			}
			checkWhole(t, out)
			if status, words := writes(writers["run"], in, out); status != exitDone {
				t.Errorf("without the fault: exit status %d, %s", status, words)
			}
			if status, words := writes("verify OUT/o --run-id r", in, out); status != exitDone {
				t.Errorf("verify: %s", words)
			}
		})
	}
}

// TestForbiddenOutput has a folder that may not be written, also for root, who is
// left without the right to write everywhere.
func TestForbiddenOutput(t *testing.T) {
	in := diskInputs(t)
	for _, name := range slices.Sorted(maps.Keys(writers)) {
		out := t.TempDir()
		if err := os.Chmod(out, 0o555); err != nil {
			t.Fatal(err)
		}
		c := diskCommand(writers[name], in, out)
		if os.Geteuid() == 0 {
			setpriv, err := exec.LookPath("setpriv")
			if err != nil {
				t.Skip("SKIPPED: root cannot give up its rights: setpriv is not installed")
			}
			c.Path, c.Args = setpriv, append([]string{setpriv, "--bounding-set=-dac_override,-dac_read_search", c.Path}, c.Args[1:]...)
		}
		status, words := ends(c)
		if status != exitConfig || !strings.Contains(words, "permission denied") || !strings.Contains(words, out+"/") || !strings.Contains(words, "\nhint: check the ") {
			t.Errorf("%s: exit status %d, %s", name, status, words)
		}
	}
}

// printers are commands that print tables, values and texts.
var printers = []string{
	"run --manifest IN/images.txt --output OUT/o --run-id r", "run --manifest IN/images.txt --output OUT/o --run-id r --json",
	"verify OUT/o --run-id r", "verify OUT/o --run-id r --json", "eval --labels IN/scenes/labels.parquet --split test", "model inspect IN/model",
	"model inspect IN/model --json", "vocab inspect IN/scenes/vocab.parquet", "vocab inspect IN/scenes/vocab.parquet --tag red", "vocab inspect IN/scenes/vocab.parquet --json",
	"manifest build IN/scenes/000 --output OUT/list.parquet", "model new --output OUT/b --layers 1,1,1,1 --width 0.125 --rows 2 --dim 4 --size 32",
	"model import --checkpoint IN/model.pth --output OUT/imported --dim 4 --size 32", "vocab build --vectors IN/vectors.txt --seen IN/seen.txt --output OUT/v.parquet",
	"demo scenes --output OUT/s --train 1 --val 0 --test 0", "demo --output OUT/demo --scenes 1", "doctor", "doctor --json", "gc OUT/o", "completion bash",
}

// TestOutputThatCannotBePrinted: what does not fit on the device that standard output
// goes to is an error, never a success of which half is missing.
func TestOutputThatCannotBePrinted(t *testing.T) {
	in, out := diskInputs(t), t.TempDir()
	if status, words := writes(printers[0], in, out); status != exitDone {
		t.Fatal(words)
	}
	for _, line := range printers {
		full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
		if err != nil {
			t.Skip("SKIPPED: this system has no /dev/full")
		}
		c := diskCommand(line, in, out)
		var words strings.Builder
		c.Stdout, c.Stderr = full, &words
		c.Run()
		full.Close()
		if c.ProcessState.ExitCode() != exitFailed || !strings.Contains(words.String(), "no space left on device") {
			t.Errorf("%s > /dev/full: exit status %d, %s", line, c.ProcessState.ExitCode(), words.String())
		}
	}
}
