package reread_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/sdl-batch/sdl-batch/jobs/verify/reread"
)

// allocate makes the test binary a child that limits itself and then takes
// twice the base allowance.
const allocate = "__allocate"

func takeTooMuch() {
	if err := reread.LimitMemory(reread.Request{}); err != nil {
		panic(err)
	}
	taken := make([]byte, 4<<30)
	for i := 0; i < len(taken); i += 4096 {
		taken[i] = 1
	}
}

func TestMemoryOfTheChildIsLimited(t *testing.T) {
	executable, err := os.Executable()
	ok(t, err)
	out, err := exec.CommandContext(t.Context(), executable, allocate).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "out of memory") && !strings.Contains(string(out), "allocate") {
		t.Errorf("4 GiB were there for a child of 2 GiB: %v, %.300s", err, out)
	}
}
