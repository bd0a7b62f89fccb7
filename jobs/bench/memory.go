package bench

import (
	"os"
	"strconv"
	"strings"
)

// peakMiB is the process's largest resident memory so far; 0 where the system does
// not tell. getrusage would count what the process was before it became this
// program, too.
func peakMiB() float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, _ := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 64)
			return kib / 1024
		}
	}
	return 0
}
