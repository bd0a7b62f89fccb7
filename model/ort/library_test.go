package ort

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestCheckVersion(t *testing.T) {
	for version, good := range map[string]bool{"1.24.0": true, "1.27.0": true, "1.30.0-dev": true, "2.0.0": true, "1.23.9": false, "0.99.0": false, "": false, "new": false} {
		if err := checkVersion(version); (err == nil) != good {
			t.Errorf("checkVersion(%q) = %v", version, err)
		}
	}
}

// An old release is refused by its symbol versions; its code, which would end
// the process here, does not run.
func TestOldLibraryIsRefusedUnopened(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("SKIPPED, NOT PASSED: symbol versions are read from ELF files only")
	}
	folder := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	source := write("old.c", "#include <stdlib.h>\n__attribute__((constructor)) static void end(void) { abort(); }\nint OrtGetApiBase(void) { return 0; }\n")
	script := write("versions", "VERS_1.20.1 { global: OrtGetApiBase; local: *; };\n")
	library := filepath.Join(folder, "libonnxruntime.so.1")
	if out, err := exec.Command("gcc", "-shared", "-fPIC", "-o", library, source, "-Wl,--version-script="+script).CombinedOutput(); err != nil {
		t.Skipf("SKIPPED, NOT PASSED: gcc: %v: %s", err, out)
	}
	_, err := load(library)
	if err == nil || !strings.Contains(err.Error(), "onnx runtime 1.20.1 is too old: 1.24 or newer is needed") {
		t.Error(err)
	}
}
