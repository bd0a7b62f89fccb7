package powercut

import (
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// do replays events, each "op path [to]", on a disk.
func do(t *testing.T, d *Disk, events ...string) {
	t.Helper()
	for _, line := range events {
		words := append(strings.Fields(line), "", "")
		if err := d.Do(Event{Op: words[0], Path: words[1], To: words[2], Data: []byte("abc")}); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
	}
}

// TestWhatIsDurable: bytes after the file's fsync, names after the folder's, each
// alone; of an fsync under way what was there when it began.
func TestWhatIsDurable(t *testing.T) {
	for name, c := range map[string]struct {
		events []string
		cut    Cut
		want   string
	}{
		"nothing synced":       {[]string{"create a", "write a"}, Nothing, ""},
		"a name without bytes": {[]string{"create a", "write a"}, Names, "a="},
		"all":                  {[]string{"create a", "write a"}, All, "a=abc"},
		"bytes without name":   {[]string{"create a", "write a", "sync a", "synced a"}, Nothing, ""},
		"both":                 {[]string{"create a", "write a", "sync a", "synced a", "sync", "synced"}, Nothing, "a=abc"},
		"a folder's own name":  {[]string{"mkdir d", "create d/a", "sync d", "synced d"}, Nothing, ""},
		"renamed":              {[]string{"create a", "sync", "synced", "rename a b"}, Nothing, "a="},
		"renamed, names kept":  {[]string{"create a", "sync", "synced", "rename a b"}, Names, "b="},
		"removed":              {[]string{"create a", "sync", "synced", "remove a", "create b"}, Removals, ""},
		"named during a sync":  {[]string{"sync", "create a", "synced"}, Nothing, ""},
		"linked":               {[]string{"create a", "write a", "sync a", "synced a", "mkdir d", "link a d/b", "sync d", "synced d", "sync", "synced"}, Nothing, "a=abc d/= d/b=abc"},
		"folders out of order": {[]string{"mkdir d/e", "mkdir d", "create d/e/a"}, All, "d/= d/e/= d/e/a="},
	} {
		d := NewDisk()
		do(t, d, c.events...)
		for _, disk := range []*Disk{d, d.Clone()} {
			if got := shown(t, disk.After(c.cut, nil)); got != c.want {
				t.Errorf("%s: %q, want %q", name, got, c.want)
			}
		}
	}
}

func shown(t *testing.T, s State) string {
	t.Helper()
	var out []string
	for _, name := range slices.Sorted(maps.Keys(s)) {
		out = append(out, name+"="+string(s[name]))
	}
	return strings.Join(out, " ")
}

// TestTracesOfARealProgram replays what a shell does: the disk is as it left it, and
// what it synced is there after a power cut.
func TestTracesOfARealProgram(t *testing.T) {
	base := t.TempDir()
	script := `b=$PWD; mkdir $b/d; printf one > d/a; printf two >> "d/b b"; ln $b/d/a $b/d/c; mv $b/d/a $b/e; rm "$b/d/b b"; mkdir $b/g; rmdir $b/g; sync e; sync .`
	c := exec.Command("/bin/sh", "-c", script)
	c.Dir = base
	events, err := Run(t, c, base)
	if err != nil {
		t.Fatal(err)
	}
	d := NewDisk()
	for _, e := range events {
		if err := d.Do(e); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := shown(t, d.After(All, nil)), "d/= d/c=one e=one"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := shown(t, d.After(Nothing, nil)), "d/= e=one"; got != want {
		t.Errorf("durable %q, want %q", got, want)
	}
	again := t.TempDir()
	if err := d.After(All, nil).Write(again); err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(again + "/d/c"); err != nil || string(data) != "one" {
		t.Errorf("%q, %v", data, err)
	}
}
