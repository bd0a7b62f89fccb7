package powercut

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// traced are the calls that change files or make them durable.
const traced = "open,openat,creat,write,pwrite64,writev,pwritev,pwritev2,truncate,ftruncate,fallocate,copy_file_range,sendfile,splice," +
	"mkdir,mkdirat,link,linkat,symlink,symlinkat,rename,renameat,renameat2,unlink,unlinkat,rmdir,fsync,fdatasync,sync_file_range,msync"

// Run runs a command to its end and returns what it did below the folder base, and the
// error of the command. Calls that take no open folder (mkdir for mkdirat) are
// known by absolute paths alone; Go's programs make none. The test is skipped where
// programs cannot be traced.
func Run(t testing.TB, command *exec.Cmd, base string) ([]Event, error) {
	t.Helper()
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("SKIPPED: strace is not installed")
	}
	if output, err := exec.Command(strace, "-f", "--seccomp-bpf", "-e", "trace=fsync", "-o", os.DevNull, "true").CombinedOutput(); err != nil {
		t.Skipf("SKIPPED: programs cannot be traced here: %v: %s", err, output)
	}
	log := filepath.Join(t.TempDir(), "trace")
	args := []string{strace, "-f", "--seccomp-bpf", "-qq", "-y", "-xx", "-s", "268435456", "-e", "signal=none", "-e", "trace=" + traced, "-o", log, command.Path}
	command.Path, command.Args = strace, append(args, command.Args[1:]...)
	failed := command.Run()
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(failed, err)
	}
	if base, err = filepath.EvalSymlinks(base); err != nil {
		t.Fatal(err)
	}
	events, err := parse(strings.Split(string(text), "\n"), base)
	if err != nil {
		t.Fatal(err)
	}
	return events, failed
}
