package columnar

import "testing"

// LowerMemory lets manifests have less memory during a test.
func LowerMemory(t testing.TB, bytes int) {
	before := mostAtOnce
	mostAtOnce = bytes
	t.Cleanup(func() { mostAtOnce = before })
}
