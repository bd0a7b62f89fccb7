package reread

import "golang.org/x/sys/unix"

// limitMemory makes an allocation beyond the limit end this process: a damaged
// file may promise any length.
func limitMemory(r Request) error {
	limit := memoryLimit(r)
	return unix.Setrlimit(unix.RLIMIT_DATA, &unix.Rlimit{Cur: limit, Max: limit})
}
