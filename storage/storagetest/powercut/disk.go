package powercut

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

// Disk is a folder as programs see it, together with what of it is durable.
type Disk struct {
	root    *node
	clock   int      // events so far
	early   []string // folders to be made once there are those they lie in
	pending map[string]pending
}

// node is a file or a folder.
type node struct {
	folder bool
	// of a file
	data, durable []byte
	// of a folder
	names  map[string]*node
	synced map[string]*node // what names were when it was last fsynced
	since  []binding        // of names, after that
}

// binding is what a name became; nil is nothing.
type binding struct {
	name  string
	to    *node
	clock int
}

// pending is an fsync under way, which holds for what was there when it began.
type pending struct {
	of    *node
	data  []byte
	names map[string]*node
	clock int
}

func newFolder() *node {
	return &node{folder: true, names: map[string]*node{}, synced: map[string]*node{}}
}

// NewDisk returns a disk with an empty folder, the base.
func NewDisk() *Disk { return &Disk{root: newFolder(), pending: map[string]pending{}} }

func (d *Disk) find(name string) *node {
	n := d.root
	for _, part := range strings.Split(name, "/") {
		if n == nil || part == "" {
			return n
		}
		n = n.names[part]
	}
	return n
}

// mkdir makes a folder, as soon as there is the one it lies in: of two calls under way
// the one that began first may have been done last.
func (d *Disk) mkdir(name string) error {
	d.early = append(d.early, name)
	for i := 0; i < len(d.early); i++ {
		if d.find(parent(d.early[i])) == nil {
			continue
		}
		if err := d.bind(d.early[i], newFolder()); err != nil {
			return err
		}
		d.early = slices.Delete(d.early, i, i+1)
		i = -1 // it may hold others
	}
	return nil
}

// parent is the folder of a name, "" for the base.
func parent(name string) string {
	folder, _ := path.Split(name)
	return strings.TrimSuffix(folder, "/")
}

// bind gives a name to a node, or takes it away with nil.
func (d *Disk) bind(name string, to *node) error {
	last := path.Base(name)
	folder := d.find(parent(name))
	if folder == nil {
		return fmt.Errorf("powercut: no folder %q", parent(name))
	}
	folder.since = append(folder.since, binding{last, to, d.clock})
	if to == nil {
		delete(folder.names, last)
	} else {
		folder.names[last] = to
	}
	return nil
}

// Do does what an event tells.
func (d *Disk) Do(e Event) error {
	d.clock++
	n := d.find(e.Path)
	switch e.Op {
	case "nothing":
		return nil
	case "create", "truncate":
		if n == nil {
			return d.bind(e.Path, &node{})
		}
		if e.Op == "truncate" {
			n.data = nil
		}
		return nil
	case "mkdir":
		return d.mkdir(e.Path)
	case "remove":
		return d.bind(e.Path, nil)
	}
	if n == nil {
		return fmt.Errorf("powercut: %s of %q, which is not there", e.Op, e.Path)
	}
	switch e.Op {
	case "write":
		n.data = slices.Concat(n.data, e.Data)
	case "link":
		return d.bind(e.To, n)
	case "rename":
		if err := d.bind(e.To, n); err != nil {
			return err
		}
		return d.bind(e.Path, nil)
	case "sync":
		d.pending[e.Path] = pending{n, n.data, maps.Clone(n.names), d.clock}
	case "synced":
		d.synced(d.pending[e.Path])
	default:
		panic("powercut: event " + e.Op)
	}
	return nil
}

func (d *Disk) synced(p pending) {
	if !p.of.folder {
		p.of.durable = p.data
		return
	}
	p.of.synced = p.names
	p.of.since = slices.DeleteFunc(p.of.since, func(b binding) bool { return b.clock <= p.clock })
}

// Clone returns a copy of the disk, without the fsyncs under way: those of a process
// that is gone.
func (d *Disk) Clone() *Disk {
	copies := map[*node]*node{}
	var clone func(n *node) *node
	all := func(names map[string]*node) map[string]*node {
		out := map[string]*node{}
		for name, n := range names {
			out[name] = clone(n)
		}
		return out
	}
	clone = func(n *node) *node {
		if n == nil || copies[n] != nil {
			return copies[n]
		}
		c := &node{folder: n.folder, data: n.data, durable: n.durable}
		copies[n] = c
		if n.folder {
			c.names, c.synced = all(n.names), all(n.synced)
		}
		for _, b := range n.since {
			c.since = append(c.since, binding{b.name, clone(b.to), b.clock})
		}
		return c
	}
	return &Disk{root: clone(d.root), clock: d.clock, pending: map[string]pending{}}
}
