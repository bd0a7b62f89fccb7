package powercut

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// State is what is on a disk: files by path, folders by path and slash.
type State map[string][]byte

// Cut is a kind of what a loss of power leaves of the work that was not made
// durable.
type Cut string

// The kinds of cuts, from nothing to everything. Some takes for each name one of
// those it had, and of each file a part of its bytes.
const (
	Nothing  Cut = "nothing"
	Names    Cut = "names without bytes"
	Removals Cut = "removals"
	Some     Cut = "some"
	All      Cut = "all" // as after a kill
)

// After returns the state after a power cut now.
func (d *Disk) After(c Cut, random *rand.Rand) State {
	s := State{}
	c.fill(s, "", d.root, random)
	return s
}

func (c Cut) fill(s State, prefix string, folder *node, random *rand.Rand) {
	names := c.choose(folder, random)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		n := names[name]
		if n.folder {
			s[prefix+name+"/"] = nil
			c.fill(s, prefix+name+"/", n, random)
			continue
		}
		s[prefix+name] = c.bytes(n, random)
	}
}

// choose returns the names of a folder after the cut.
func (c Cut) choose(folder *node, random *rand.Rand) map[string]*node {
	names := maps.Clone(folder.synced)
	for _, b := range folder.since {
		keep := true
		switch c {
		case Nothing:
			keep = false
		case Removals:
			keep = b.to == nil
		case Some:
			keep = random.IntN(2) == 0
		}
		if keep && b.to == nil {
			delete(names, b.name)
		} else if keep {
			names[b.name] = b.to
		}
	}
	return names
}

func (c Cut) bytes(n *node, random *rand.Rand) []byte {
	switch {
	case c == All:
		return n.data
	case c == Some && len(n.data) > len(n.durable):
		return n.data[:len(n.durable)+random.IntN(len(n.data)-len(n.durable)+1)]
	}
	return n.durable
}

// Key tells states apart.
func (s State) Key() string {
	sum := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(s)) {
		fmt.Fprintf(sum, "%q %d ", name, len(s[name]))
		sum.Write(s[name])
	}
	return string(sum.Sum(nil))
}

// Write makes a folder of a state.
func (s State) Write(folder string) error {
	for _, name := range slices.Sorted(maps.Keys(s)) {
		var err error
		if path := filepath.Join(folder, name); strings.HasSuffix(name, "/") {
			err = os.MkdirAll(path, 0o777)
		} else {
			err = os.WriteFile(path, s[name], 0o666)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Below returns what lies in a folder, whose name ends with a slash.
func (s State) Below(folder string) State {
	out := State{}
	for name, data := range s {
		if below, ok := strings.CutPrefix(name, folder); ok && below != "" {
			out[below] = data
		}
	}
	return out
}
