//go:build !linux

package reread

// limitMemory does nothing: only Linux can limit a process's data here.
func limitMemory(Request) error { return nil }
