//go:build linux && !turbojpeg

package decode_test

import (
	"os"
	"os/exec"
	"testing"
)

// TestTurboBuild runs this folder's tests once more with libjpeg-turbo. It
// installs Debian's package where it may.
func TestTurboBuild(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED, NOT PASSED: -short")
	}
	const header = "/usr/include/turbojpeg.h"
	if _, err := os.Stat(header); err != nil {
		install(t, "libturbojpeg0-dev")
	}
	test := exec.Command("go", "test", "-short", "-tags", "turbojpeg", "./...")
	if out, err := test.CombinedOutput(); err != nil {
		t.Errorf("go test -tags turbojpeg: %v\n%s", err, out)
	}
}

// install gets a Debian package, or skips the test where that is not for us.
func install(t *testing.T, name string) {
	t.Helper()
	if _, err := exec.LookPath("apt-get"); err != nil || os.Geteuid() != 0 {
		t.Skipf("SKIPPED, NOT PASSED: %s is missing and only root on Debian can install it", name)
	}
	for _, args := range [][]string{{"update", "-q"}, {"install", "-q", "-y", "--no-install-recommends", name}} {
		command := exec.Command("apt-get", args...)
		command.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		if out, err := command.CombinedOutput(); err != nil {
			t.Skipf("SKIPPED, NOT PASSED: apt-get %v: %v\n%.500s", args, err, out)
		}
	}
}
