package label_test

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/sdl-batch/sdl-batch/jobs/label"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/storagetest/smalldisk"
)

// onDisk is a lake whose dataset lies on a small disk of its own.
func onDisk(t *testing.T, d *smalldisk.Disk) *lake {
	l := newLake(t, t.TempDir(), d.Path+"/out")
	l.options.ShardRows = 7
	return l
}

// TestDiskThatFills runs a manifest on disks that are full after so many bytes, or so
// many files, from none to as many as the run needs: before the plan, in each table, at the receipts, in publishing and at the commit. It ends with
// storage.ErrFull, publishes nothing by halves and leaves nothing unfinished; on a
// larger disk the same command then completes it.
func TestDiskThatFills(t *testing.T) {
	if !smalldisk.Inside(t) {
		return
	}
	big := smalldisk.New(t, 0, 0)
	l := onDisk(t, big)
	l.mustRun(t, l.options)
	want := l.read(t, l.options.RunID)
	sizeBytes, files := big.Used()
	failed := map[string]int{}
	for used := 1; used < sizeBytes; used += max(4096, sizeBytes/20) {
		failed[fillsUp(t, l, want, used, 0)]++
	}
	for used := 2; used < files; used++ { // the disk's own folder is one
		failed[fillsUp(t, l, want, 0, used)]++
	}
	t.Logf("a run takes %d bytes and %d files; the disk was full: %v", sizeBytes, files, failed)
	for _, at := range []string{"probe", "images.parquet", "tags.parquet", "receipts", "/run=", "commit.json", "_SUCCESS"} {
		if failed[at] == 0 {
			t.Errorf("no disk was full at %s", at)
		}
	}
}

// fillsUp runs a manifest on a small disk, and again when it was made larger, and
// tells at what it was full.
func fillsUp(t *testing.T, l *lake, want tables, sizeBytes, files int) (at string) {
	t.Helper()
	d := smalldisk.New(t, sizeBytes, files)
	small := *l
	small.options.Output = d.Path + "/out"
	small.out = open(t, small.options.Output)
	_, _, err := small.run(t.Context(), small.options, nil)
	if !errors.Is(err, storage.ErrFull) || !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "no space left on device (") ||
		!strings.Contains(err.Error(), d.Path) {
		t.Fatalf("%d bytes, %d files: error %v", sizeBytes, files, err)
	}
	small.checkUnfinished(t, small.options.RunID)
	noLitter(t, d.Path)
	d.Resize(0, 0)
	small.mustRun(t, small.options)
	same(t, want, small.read(t, small.options.RunID))
	for _, at := range []string{"probe", "plan.json", "_SUCCESS", "vocab.parquet", "/run=", "images.parquet", "tags.parquet", "embeddings.parquet", "receipts", "commit.json"} {
		if strings.Contains(err.Error(), at) {
			return at
		}
	}
	return err.Error()
}

// noLitter looks for files of unfinished writes.
func noLitter(t *testing.T, folder string) {
	t.Helper()
	ok(t, filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(entry.Name(), ".tmp") {
			t.Errorf("left behind: %s", path)
		}
		return err
	}))
}

// TestDiskThatIsReadOnly is one from the beginning, and one that becomes so before the
// commit, as the system makes it of a disk with errors.
func TestDiskThatIsReadOnly(t *testing.T) {
	if !smalldisk.Inside(t) {
		return
	}
	d := smalldisk.New(t, 0, 0)
	l := onDisk(t, d)
	refused := func(each func(label.Event)) {
		t.Helper()
		_, _, err := l.run(t.Context(), l.options, each)
		if !errors.Is(err, storage.ErrPermission) || !errors.Is(err, syscall.EROFS) || !strings.Contains(err.Error(), "read-only file system") {
			t.Errorf("error %v", err)
		}
		if found := published(t, l.out); len(found) > 0 {
			t.Errorf("published: %q", found)
		}
	}
	d.ReadOnly(true)
	refused(nil)
	d.ReadOnly(false)
	left := 3 // shards; behind the last one no file is open
	refused(func(e label.Event) {
		if _, isDone := e.(label.ShardDone); isDone {
			if left--; left == 0 {
				d.ReadOnly(true)
			}
		}
	})
	d.ReadOnly(false)
	_, e := l.mustRun(t, l.options)
	if done := doneShards(e); len(done) > 0 {
		t.Errorf("labelled again: %v", done)
	}
	l.read(t, l.options.RunID)
}
