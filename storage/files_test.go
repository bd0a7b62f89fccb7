package storage_test

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sdl-batch/sdl-batch/storage"
)

// onDisk are the paths of all files below folder.
func onDisk(t *testing.T, folder string) []string {
	t.Helper()
	found := []string{}
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			name, _ := filepath.Rel(folder, path)
			found = append(found, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestOpenCreatesNothing(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "d")
	b := open(t, folder)
	keys(t, b, "")
	b.Stat(t.Context(), "x")
	if _, err := os.Stat(folder); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder is there: %v", err)
	}
}

func TestFilesAreWhatIsOnTheDisk(t *testing.T) {
	folder := t.TempDir()
	b := open(t, folder)
	for _, name := range names {
		put(t, b, "d/"+name, []byte(name))
	}
	wanted := []string{}
	for _, name := range names {
		wanted = append(wanted, "d/"+name)
		text, err := os.ReadFile(folder + "/d/" + name)
		if err != nil || string(text) != name {
			t.Errorf("%q holds %q, %v", name, text, err)
		}
	}
	slices.Sort(wanted)
	found := onDisk(t, folder)
	slices.Sort(found)
	if diff := cmp.Diff(wanted, found); diff != "" {
		t.Error(diff)
	}
}

func TestFilesHaveTheUsualMode(t *testing.T) {
	folder := t.TempDir()
	b := open(t, folder)
	put(t, b, "d/x", nil)
	if _, err := b.CreateOnce(t.Context(), "d/y", nil); err != nil {
		t.Fatal(err)
	}
	plain := filepath.Join(folder, "plain")
	if err := os.WriteFile(plain, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	usual, err := os.Stat(plain)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"d/x", "d/y"} {
		if info, err := os.Stat(filepath.Join(folder, name)); err != nil || info.Mode() != usual.Mode() {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
}

func TestKeysStayInTheFolder(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "d")
	if err := os.WriteFile(filepath.Join(filepath.Dir(folder), "outside"), []byte("x"), 0o666); err != nil {
		t.Fatal(err)
	}
	b := open(t, folder)
	for _, key := range []string{"../outside", "a/../../outside", "/etc/passwd", "a//b", "./a", "a/.", "a/", ".."} {
		_, _, err := b.ReadAll(t.Context(), key, 10)
		want(t, err, storage.ErrInvalid)
		_, err = b.NewWriter(t.Context(), key)
		want(t, err, storage.ErrInvalid)
		_, err = b.CreateOnce(t.Context(), key, nil)
		want(t, err, storage.ErrInvalid)
		want(t, b.Delete(t.Context(), key), storage.ErrInvalid)
	}
	for _, err := range b.List(t.Context(), "../") {
		want(t, err, storage.ErrInvalid)
	}
}

// What a crash leaves of a write is no object.
func TestLeftoversOfACrash(t *testing.T) {
	folder := t.TempDir()
	b := open(t, folder)
	put(t, b, "runs/x", []byte("x"))
	w, err := b.NewWriter(t.Context(), "runs/receipt.json")
	if err != nil {
		t.Fatal(err)
	}
	w.Write([]byte("half a rec"))
	left := onDisk(t, folder)
	if len(left) != 2 || !strings.HasPrefix(left[0], "runs/.sdl-") || !strings.HasSuffix(left[0], ".tmp") {
		t.Fatalf("on disk: %q", left)
	}
	// The process is gone here; another one comes.
	again := open(t, folder)
	if found := keys(t, again, ""); !slices.Equal(found, []string{"runs/x"}) {
		t.Errorf("listed %q", found)
	}
	_, _, err = again.ReadAll(t.Context(), "runs/receipt.json", 10)
	want(t, err, storage.ErrNotExist)
	stored, err := again.CreateOnce(t.Context(), "runs/receipt.json", []byte("whole"))
	if err != nil || string(stored) != "whole" {
		t.Errorf("%q, %v", stored, err)
	}
	w.Abort()
}

func TestNoTemporaryFileStays(t *testing.T) {
	folder := t.TempDir()
	b := open(t, folder)
	put(t, b, "a", []byte("a"))
	for _, data := range []string{"first", "second"} {
		if _, err := b.CreateOnce(t.Context(), "b", []byte(data)); err != nil {
			t.Fatal(err)
		}
	}
	w, err := b.NewWriter(t.Context(), "c")
	if err != nil {
		t.Fatal(err)
	}
	w.Abort()
	if err := os.Mkdir(filepath.Join(folder, "folder"), 0o777); err != nil {
		t.Fatal(err)
	}
	w, err = b.NewWriter(t.Context(), "folder")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err == nil {
		t.Error("a file replaced a folder")
	}
	if err := b.ProbeCreateOnce(t.Context(), ""); err != nil {
		t.Error(err)
	}
	if found := onDisk(t, folder); !slices.Equal(found, []string{"a", "b"}) {
		t.Errorf("on disk: %q", found)
	}
}

func TestPublishLinks(t *testing.T) {
	folder := t.TempDir()
	b := open(t, folder)
	put(t, b, "attempts/x", []byte("hello"))
	if err := b.Publish(t.Context(), "images/run=1/x", "attempts/x"); err != nil {
		t.Fatal(err)
	}
	src, err := os.Stat(filepath.Join(folder, "attempts/x"))
	if err != nil {
		t.Fatal(err)
	}
	dst, err := os.Stat(filepath.Join(folder, "images/run=1/x"))
	if err != nil || !os.SameFile(src, dst) {
		t.Errorf("no link: %v", err)
	}
}

// Two files of one size, written in the same instant, have the same version.
func TestPublishLooksBeyondTheVersion(t *testing.T) {
	folder := t.TempDir()
	b := open(t, folder)
	put(t, b, "dst", []byte("abc"))
	put(t, b, "src", []byte("abd"))
	info, err := os.Stat(filepath.Join(folder, "dst"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(filepath.Join(folder, "src"), info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
	want(t, b.Publish(t.Context(), "dst", "src"), storage.ErrExist)
}

func TestWhatIsNoFile(t *testing.T) {
	folder := t.TempDir()
	b := open(t, folder)
	put(t, b, "d/x", []byte("x"))
	if err := syscall.Mkfifo(filepath.Join(folder, "pipe"), 0o666); err != nil {
		t.Fatal(err)
	}
	links := map[string]string{"null": "/dev/null", "dangling": "nowhere", "loop": "loop", "folder": "d", "link": "d/x"}
	for name, target := range links {
		if err := os.Symlink(target, filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	kinds := map[string]error{
		"pipe": storage.ErrInvalid, "null": storage.ErrInvalid, "d": storage.ErrInvalid, "folder": storage.ErrInvalid,
		"loop": storage.ErrInvalid, "dangling": storage.ErrNotExist,
	}
	for key, kind := range kinds {
		_, err := b.Stat(t.Context(), key)
		want(t, err, kind)
		_, _, err = b.ReadAll(t.Context(), key, 10)
		want(t, err, kind)
		_, err = b.NewReader(t.Context(), key)
		want(t, err, kind)
	}
	if err := os.Remove(filepath.Join(folder, "loop")); err != nil {
		t.Fatal(err)
	}
	if found := keys(t, b, ""); !slices.Equal(found, []string{"d/x", "link"}) {
		t.Errorf("listed %q", found)
	}
	want(t, b.Delete(t.Context(), "d"), storage.ErrInvalid)
}

func TestFolderInTheWay(t *testing.T) {
	b := open(t, t.TempDir())
	put(t, b, "a", nil)
	_, err := b.NewWriter(t.Context(), "a/b")
	if err == nil {
		t.Error("wrote below a file")
	}
	_, err = b.CreateOnce(t.Context(), "a/b", nil)
	if err == nil {
		t.Error("created below a file")
	}
}

// asNobody runs the calling test again in a process without root's rights.
func asNobody(t *testing.T) {
	folder := t.TempDir()
	for path := folder; strings.HasPrefix(path, os.TempDir()+"/"); path = filepath.Dir(path) {
		if err := os.Chmod(path, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	program, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(folder+"/test", program, 0o755); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), folder+"/test", "-test.run=^"+t.Name()+"$", "-test.v")
	command.Dir, command.Env = folder, append(os.Environ(), "TMPDIR="+folder)
	command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	output, err := command.CombinedOutput()
	if err != nil || !strings.Contains(string(output), "--- PASS: "+t.Name()) {
		t.Errorf("%v\n%s", err, output)
	}
}

func TestPermissionDenied(t *testing.T) {
	if os.Geteuid() == 0 {
		asNobody(t)
		return
	}
	folder := t.TempDir()
	b := open(t, folder)
	put(t, b, "x", nil)
	if err := os.Chmod(filepath.Join(folder, "x"), 0); err != nil {
		t.Fatal(err)
	}
	_, _, err := b.ReadAll(t.Context(), "x", 10)
	want(t, err, storage.ErrPermission)
	if err := os.Chmod(folder, 0o555); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(folder, 0o755)
	_, err = b.NewWriter(t.Context(), "y")
	want(t, err, storage.ErrPermission)
	_, err = b.CreateOnce(t.Context(), "y", nil)
	want(t, err, storage.ErrPermission)
}

// A disk that takes no more keeps its own error within reach, and nothing is
// published. The limit is a child's: go test writes a log of any size meanwhile.
func TestDiskTakesNoMore(t *testing.T) {
	if os.Getenv("SDL_TEST_LIMITED") == "" {
		child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
		child.Env = append(os.Environ(), "SDL_TEST_LIMITED=1")
		said, err := child.CombinedOutput()
		if strings.Contains(string(said), "SKIPPED") {
			t.Skip("SKIPPED: file sizes cannot be limited here")
		}
		if err != nil {
			t.Errorf("%v\n%s", err, said)
		}
		return
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Skip("SKIPPED: no limit of file sizes here")
	}
	small := limit
	small.Cur = 16 << 20
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &small); err != nil {
		t.Skip("SKIPPED: file sizes cannot be limited here")
	}
	defer syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit)
	folder := t.TempDir()
	b := open(t, folder)
	w, err := b.NewWriter(t.Context(), "x")
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.Write(payload(17 << 20))
	want(t, err, syscall.EFBIG)
	want(t, w.Close(), syscall.EFBIG)
	_, err = b.CreateOnce(t.Context(), "y", payload(17<<20))
	want(t, err, syscall.EFBIG)
	if found := onDisk(t, folder); len(found) != 0 {
		t.Errorf("on disk: %q", found)
	}
}

// A file of another user's is copied where the system allows no link of it. Where no
// link is allowed at all, nothing is published.
func TestPublishWhereLinksAreRefused(t *testing.T) {
	for refused, kind := range map[int]error{1: nil, 100: storage.ErrUnsupported} {
		folder := t.TempDir()
		b := open(t, folder)
		put(t, b, "src", []byte("x"))
		left := refused
		err := b.Publish(storage.WithSteps(t.Context(), func(s storage.Step) error {
			if s.Op != "name" || left == 0 {
				return nil
			}
			left--
			return syscall.EPERM
		}), "d/dst", "src")
		found := onDisk(t, folder)
		if !errors.Is(err, kind) || len(found) != map[error]int{nil: 2, storage.ErrUnsupported: 1}[kind] {
			t.Errorf("%d refused: on disk %q, error %v", refused, found, err)
		}
	}
}

// A folder that lies on another disk gets a copy in place of a link.
func TestPublishAcrossDisks(t *testing.T) {
	other, err := os.MkdirTemp("/dev/shm", "sdl-test-")
	if err != nil {
		t.Skip("SKIPPED: no second disk here")
	}
	defer os.RemoveAll(other)
	folder := t.TempDir()
	if err := os.Symlink(other, filepath.Join(folder, "images")); err != nil {
		t.Fatal(err)
	}
	b := open(t, folder)
	put(t, b, "src", payload(100_000))
	if os.Link(filepath.Join(folder, "src"), filepath.Join(other, "probe")) == nil {
		t.Skip("SKIPPED: /dev/shm is no second disk here")
	}
	for range 2 {
		if err := b.Publish(t.Context(), "images/run=1/x", "src"); err != nil {
			t.Fatal(err)
		}
	}
	if got := get(t, b, "images/run=1/x"); got != string(payload(100_000)) {
		t.Error("the copy differs")
	}
	if found := onDisk(t, other); !slices.Equal(found, []string{"run=1/x"}) {
		t.Errorf("on disk: %q", found)
	}
}

// TestAFolderThatCannotBeReadIsNamed has one whose path is longer than the system
// takes.
func TestAFolderThatCannotBeReadIsNamed(t *testing.T) {
	folder := t.TempDir()
	root, err := os.OpenRoot(folder)
	if err != nil {
		t.Fatal(err)
	}
	name := strings.Repeat("d", 250)
	for range 17 {
		if err := root.Mkdir(name, 0o777); err != nil {
			t.Fatal(err)
		}
		below, err := root.OpenRoot(name)
		if err != nil {
			t.Fatal(err)
		}
		root.Close()
		root = below
	}
	root.Close()
	for _, err := range open(t, folder).List(t.Context(), "") {
		want(t, err, storage.ErrInvalid)
		if !strings.Contains(err.Error(), "/"+name+"/: ") {
			t.Errorf("error %v", err)
		}
	}
}
