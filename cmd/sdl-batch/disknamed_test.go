package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sdl-batch/sdl-batch/storage/storagetest/powercut"
)

// checkNamed looks for what records name: the files of a bundle, the tensors of the
// newest checkpoint of a training that has not ended, the bundle of a pointer.
func checkNamed(s powercut.State) error {
	newest := map[string]string{} // by folder of checkpoints
	for name := range s {
		folder, base := path.Split(name)
		var err error
		switch {
		case base == "model.json":
			err = besides(s, name)
		case base == "current":
			var pointer struct{ Bundle string }
			if err = json.Unmarshal(s[name], &pointer); err == nil && s[folder+pointer.Bundle+"/model.json"] == nil {
				err = fmt.Errorf("names %s, which is not there", pointer.Bundle)
			}
		case strings.HasSuffix(folder, "/checkpoints/") && strings.HasSuffix(base, ".json"):
			newest[folder] = max(newest[folder], name)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	for folder, name := range newest {
		if s[strings.TrimSuffix(folder, "_training/checkpoints/")+"model.json"] != nil {
			continue // they are being removed
		}
		if err := besides(s, name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// besides compares every file that a record names, with length and digest, with
// what lies beside the record.
func besides(s powercut.State, record string) error {
	var all any
	if err := json.Unmarshal(s[record], &all); err != nil {
		return err
	}
	found := 0
	var walk func(v any) error
	walk = func(v any) error {
		object, is := v.(map[string]any)
		name, hasName := object["name"].(string)
		digest, hasDigest := object["sha256"].(string)
		if hasName && hasDigest {
			found++
			if sum := sha256.Sum256(s[path.Dir(record)+"/"+name]); hex.EncodeToString(sum[:]) != digest {
				return fmt.Errorf("%s is not what it names", name)
			}
		}
		if !is {
			return nil
		}
		for _, of := range object {
			if err := walk(of); err != nil {
				return err
			}
		}
		return nil
	}
	if err := walk(all); err != nil {
		return err
	}
	if found == 0 {
		return fmt.Errorf("names no file")
	}
	return nil
}

// resumptions are how many states of a training are gone on from.
const resumptions = 8

// TestTrainingAfterAPowerCut goes on from what power cuts leave of a training, and ends
// with the same weights.
func TestTrainingAfterAPowerCut(t *testing.T) {
	in, out := diskInputs(t), t.TempDir()
	events, err := powercut.Run(t, diskCommand(writers["train"], in, out), out)
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(out + "/trained/weights.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	d, states := powercut.NewDisk(), map[string]powercut.State{}
	for _, e := range events {
		if err := d.Do(e); err != nil {
			t.Fatal(err)
		}
		if e.Op == "rename" || e.Op == "remove" || e.Op == "link" {
			for _, c := range []powercut.Cut{powercut.Nothing, powercut.Names, powercut.Removals} {
				s := d.After(c, nil)
				states[fmt.Sprint(c, durable(s))] = s
			}
		}
	}
	kinds := slices.Sorted(maps.Keys(states))
	for i := range min(resumptions, len(kinds)) {
		kind := kinds[i*len(kinds)/min(resumptions, len(kinds))]
		again := t.TempDir()
		if err := states[kind].Write(again); err != nil {
			t.Fatal(err)
		}
		if status, words := writes(writers["train"], in, again); status != exitDone {
			t.Errorf("%s: exit status %d, %s", kind, status, words)
			continue
		}
		if got, err := os.ReadFile(again + "/trained/weights.safetensors"); err != nil || string(got) != string(want) {
			t.Errorf("%s: other weights, %v", kind, err)
		}
	}
	t.Logf("went on from %d of %d states", resumptions, len(states))
}

// durable lists the kinds of files of a state.
func durable(s powercut.State) []string {
	var kinds []string
	for name := range s {
		if !strings.HasSuffix(name, "/") && !strings.HasSuffix(name, ".tmp") {
			kinds = append(kinds, filepath.Ext(name)+filepath.Dir(name))
		}
	}
	slices.Sort(kinds)
	return slices.Compact(kinds)
}
