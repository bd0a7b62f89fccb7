//go:build linux

// Package smalldisk gives tests disks of their own, which are small, fill up, or are
// mounted for reading only.
package smalldisk

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// insideEnv names the test that runs where disks can be mounted.
const insideEnv = "SDL_TEST_WITH_DISKS"

// Inside tells whether the calling test, which is no subtest, runs in a process that
// may mount disks nobody else sees. Where it does not, it runs the
// test again in such a process, passes on what became of it, and returns false.
// Where the system allows none the test is skipped.
func Inside(t *testing.T) bool {
	t.Helper()
	if os.Getenv(insideEnv) == t.Name() {
		if err := syscall.Mount("", "/", "", syscall.MS_PRIVATE|syscall.MS_REC, ""); err != nil {
			t.Skipf("SKIPPED: no disk can be mounted here: %v", err)
		}
		return true
	}
	output, err := again(t, syscall.CLONE_NEWNS|syscall.CLONE_NEWUSER)
	if errors.As(err, new(*os.SyscallError)) || errors.As(err, new(*os.PathError)) {
		output, err = again(t, syscall.CLONE_NEWNS) // root without user namespaces
	}
	switch {
	case err != nil && output == "":
		t.Skipf("SKIPPED: no disk can be mounted here: %v", err)
	case strings.Contains(output, "--- SKIP: "+t.Name()+" "):
		t.Skip(output)
	case err != nil || !strings.Contains(output, "--- PASS: "+t.Name()+" "):
		t.Errorf("%v\n%s", err, output)
	case testing.Verbose():
		t.Log(output)
	}
	return false
}

// again runs the test in namespaces of its own.
func again(t *testing.T, namespaces uintptr) (output string, err error) {
	command := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	command.Env = append(os.Environ(), insideEnv+"="+t.Name())
	command.SysProcAttr = &syscall.SysProcAttr{Cloneflags: namespaces, Pdeathsig: syscall.SIGKILL}
	if namespaces&syscall.CLONE_NEWUSER != 0 {
		command.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}
		command.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}
	}
	text, err := command.CombinedOutput()
	return string(text), err
}

// Disk is a file system in memory, mounted at Path until the test ends.
type Disk struct {
	t    testing.TB
	Path string
}

// What a disk takes where its size, or the number of its files, is 0.
const (
	plentyBytes = 1 << 30
	plentyFiles = 1 << 20
)

// New mounts a disk of so many bytes and files.
func New(t testing.TB, sizeBytes, files int) *Disk {
	t.Helper()
	d := &Disk{t, t.TempDir()}
	if err := syscall.Mount("tmpfs", d.Path, "tmpfs", 0, options(sizeBytes, files)); err != nil {
		t.Skipf("SKIPPED: no disk can be mounted here: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(d.Path, syscall.MNT_DETACH) })
	return d
}

func options(sizeBytes, files int) string {
	sizeBytes, files = cmp.Or(sizeBytes, plentyBytes), cmp.Or(files, plentyFiles)
	return fmt.Sprintf("size=%d,nr_inodes=%d", sizeBytes, files)
}

// Resize gives the disk another size.
func (d *Disk) Resize(sizeBytes, files int) { d.remount(0, options(sizeBytes, files)) }

// ReadOnly lets nothing be written any more, or again.
func (d *Disk) ReadOnly(yes bool) {
	flags := uintptr(0)
	if yes {
		flags = syscall.MS_RDONLY
	}
	d.remount(flags, "")
}

func (d *Disk) remount(flags uintptr, options string) {
	d.t.Helper()
	if err := syscall.Mount("", d.Path, "", syscall.MS_REMOUNT|flags, options); err != nil {
		d.t.Fatal(err)
	}
}

// Used tells how many bytes and files the disk holds.
func (d *Disk) Used() (sizeBytes, files int) {
	d.t.Helper()
	var disk syscall.Statfs_t
	if err := syscall.Statfs(d.Path, &disk); err != nil {
		d.t.Fatal(err)
	}
	return int(disk.Blocks-disk.Bfree) * int(disk.Bsize), int(disk.Files - disk.Ffree)
}
