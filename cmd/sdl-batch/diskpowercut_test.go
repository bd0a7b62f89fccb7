package main

import (
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/sdl-batch/sdl-batch/storage/storagetest/powercut"
)

// TestPowerCutsOfEveryCommand replays a loss of power after every system call of each
// command that writes: at no time is a part of a file under its name, or a record there
// without what it names, and what a
// command that ended with 0 has written is all there. Pictures that are drawn are left
// aside: they are drawn again.
func TestPowerCutsOfEveryCommand(t *testing.T) {
	in := diskInputs(t)
	for _, name := range slices.Sorted(maps.Keys(writers)) {
		t.Run(name, func(t *testing.T) {
			out := t.TempDir()
			events, err := powercut.Run(t, diskCommand(writers[name], in, out), out)
			if err != nil {
				t.Fatal(err)
			}
			random, d, states := rand.New(rand.NewPCG(5, 6)), powercut.NewDisk(), map[string]bool{}
			for _, e := range events {
				if err := d.Do(e); err != nil {
					t.Fatal(err)
				}
				for _, c := range []powercut.Cut{powercut.Nothing, powercut.Names, powercut.Some} {
					s := d.After(c, random)
					if e.Op == "write" || states[s.Key()] {
						continue
					}
					states[s.Key()] = true
					if err := checkNamed(s); err != nil {
						t.Errorf("power cut after %s %s, which leaves %s: %v", e.Op, e.Path, c, err)
					}
					for path, data := range s {
						if err := wholeName(path, data); err != nil {
							t.Errorf("power cut after %s %s, which leaves %s: %s: %v", e.Op, e.Path, c, path, err)
						}
					}
				}
			}
			left, all := d.After(powercut.Nothing, nil), d.After(powercut.All, nil)
			for path := range all {
				if _, durable := left[path]; !durable && !isPicture(path) {
					t.Errorf("%s is lost by a power cut after the end", path)
				}
			}
			t.Logf("%d system calls, %d states", len(events), len(states))
		})
	}
}

// wholeName tells what a file lacks that has its last name.
func wholeName(path string, data []byte) error {
	if strings.HasSuffix(path, "/") || strings.HasSuffix(path, ".tmp") || isPicture(path) {
		return nil
	}
	if len(data) == 0 && !strings.HasSuffix(path, "_SUCCESS") {
		return errors.New("it is empty")
	}
	return whole(path, data)
}

// isPicture tells of pictures, and folders of pictures, of the commands that draw.
func isPicture(path string) bool {
	return strings.HasSuffix(path, ".png") || strings.HasSuffix(path, "/") && strings.Contains(path, "scenes")
}
