package bench

import "syscall"

// peakMiB is the process's largest resident memory so far.
func peakMiB() float64 {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	return float64(usage.Maxrss) / 1024 // Linux counts in KiB
}
