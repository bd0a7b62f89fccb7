package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
)

func TestAFullDiskIsToldWithItsCure(t *testing.T) {
	var out bytes.Buffer
	err := fmt.Errorf("shard 3: %w", &os.PathError{Op: "write", Path: "part", Err: syscall.ENOSPC})
	if status := finish(&out, err); status != exitFailed {
		t.Errorf("status %d", status)
	}
	for _, want := range []string{"no space left on device", "hint: free some space"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in %q", want, out.String())
		}
	}
}
