package storage

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// full are the system's words for a disk, or the caller's share of one, that takes no
// more.
var full = []error{syscall.ENOSPC, syscall.EDQUOT}

// fullDisk is the ErrFull of a disk, with what is left of it.
type fullDisk struct {
	cause error
	room  string // "" where it is not known
}

func (f fullDisk) Error() string   { return f.cause.Error() + f.room }
func (f fullDisk) Unwrap() []error { return []error{ErrFull, f.cause} }

// diskError is fileError for what is written at path.
func diskError(path string, err error) error {
	for _, number := range full {
		if errors.Is(err, number) {
			return fullDisk{number, roomLeft(path)}
		}
	}
	return fileError(err)
}

// roomLeft tells what the disk of a path has left.
func roomLeft(path string) string {
	disk, err := statDisk(path)
	if err != nil {
		return ""
	}
	unit := disk.Bsize
	text := fmt.Sprintf(" (%s of %s are free", SizeText(int64(disk.Bavail)*unit), SizeText(int64(disk.Blocks)*unit))
	if disk.Files > 0 {
		text += fmt.Sprintf("; of %d files %d", disk.Files, disk.Ffree)
	}
	return text + ")"
}

// statDisk asks for the disk of a path, or of the nearest folder above it that is
// there.
func statDisk(path string) (disk syscall.Statfs_t, err error) {
	for {
		err = syscall.Statfs(path, &disk)
		parent := filepath.Dir(path)
		if !errors.Is(err, os.ErrNotExist) || parent == path {
			return disk, err
		}
		path = parent
	}
}

// Room returns how many bytes the disk of a local folder takes from this caller, its
// quota left aside; known is false where stores or systems do not tell.
func (b *Bucket) Room() (sizeBytes int64, known bool) {
	path, local := b.localPath()
	if !local {
		return 0, false
	}
	disk, err := statDisk(path)
	return int64(disk.Bavail) * disk.Bsize, err == nil && disk.Blocks > 0
}

// localPath is the folder of a bucket on local disks.
func (b *Bucket) localPath() (path string, local bool) {
	s := b.store
	if under, ok := s.(stepped); ok {
		s = under.store
	}
	f, local := s.(*files)
	if !local {
		return "", false
	}
	return f.root, true
}

// SizeText writes a size in binary units.
func SizeText(sizeBytes int64) string {
	size, unit := float64(sizeBytes), 0
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	for size >= 1024 && unit < len(units)-1 {
		size, unit = size/1024, unit+1
	}
	if unit == 0 {
		return fmt.Sprintf("%d B", sizeBytes)
	}
	return fmt.Sprintf("%.1f %s", size, units[unit])
}
