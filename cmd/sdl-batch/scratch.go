package main

import (
	"errors"
	"io/fs"
	"os"
	"regexp"
	"syscall"
)

// scratchName is the name of a scratch file: those of labels and features of a
// training, and of verify's copies.
var scratchName = regexp.MustCompile(`(^|/)sdl-(labels|features|verify)-`)

// ofScratch tells whether an error is that of a scratch file, or of the folder of
// all of them, and whether the folder has no room rather than being wrong.
func ofScratch(err error) (is, full bool) {
	var path *fs.PathError
	if !errors.As(err, &path) || path.Path != os.TempDir() && !scratchName.MatchString(path.Path) {
		return false, false
	}
	return true, errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

const hintScratch = "scratch files lie in the folder that TMPDIR names, or train's --scratch: it must be there, with room, and may be written by this user"

// scratchStatus is the exit status of an error of scratch files.
func scratchStatus(full bool) int {
	if full {
		return exitFailed
	}
	return exitConfig
}
