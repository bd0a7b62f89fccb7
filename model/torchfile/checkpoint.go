package torchfile

import (
	"fmt"
	"io"
	"slices"

	"github.com/sdl-batch/sdl-batch/model/tensor"
	"github.com/sdl-batch/sdl-batch/model/torchfile/element"
	"github.com/sdl-batch/sdl-batch/model/torchfile/pickle"
)

// Checkpoint is an open checkpoint. Its methods may be called concurrently
// where its io.ReaderAt may; that one must stay open.
type Checkpoint struct {
	contents contents
	state    stateDict
}

// Info describes a tensor without reading its numbers.
type Info struct {
	Shape []int
	Type  element.Type // Unknown for a kind of storage that is not read
}

// Open reads the structure of the checkpoint in the first size bytes of r. Its
// tensors are the first state dict under one of keys in the top-level dict, ""
// being that dict itself; by default "model", "state_dict", "".
func Open(r io.ReaderAt, size int64, keys ...string) (*Checkpoint, error) {
	c, err := decode(r, size)
	if err != nil {
		return nil, fmt.Errorf("torchfile: %w", err)
	}
	if len(keys) == 0 {
		keys = []string{"model", "state_dict", ""}
	}
	state, err := findStateDict(c.root, size, keys)
	if err != nil {
		return nil, fmt.Errorf("torchfile: %w", err)
	}
	return &Checkpoint{c, state}, nil
}

// Key returns the top-level key under which the tensors were found.
func (c *Checkpoint) Key() string { return c.state.key }

// Names lists the tensors in the order of the file. The names are the file's
// own; those of nested dicts are joined by dots.
func (c *Checkpoint) Names() []string { return slices.Clone(c.state.names) }

// Info describes the tensor called name; ok is false where there is none.
func (c *Checkpoint) Info(name string) (info Info, ok bool) {
	v, ok := c.state.tensors[name]
	if !ok {
		return Info{}, false
	}
	return Info{Shape: slices.Clone(v.shape), Type: v.storage.kind}, true
}

// Tensor reads a tensor of floating-point numbers. It is an error where there
// is none of that name, its numbers are no floats or not in the file, or it
// depends on a global that is not read.
func (c *Checkpoint) Tensor(name string) (tensor.Tensor, error) {
	v, err := c.state.find(name)
	if err != nil {
		return tensor.Tensor{}, fmt.Errorf("torchfile: %w", err)
	}
	if !v.storage.kind.IsFloat() {
		return tensor.Tensor{}, fmt.Errorf("torchfile: tensor %q holds %s (%s), no floats", name, v.storage.kind, v.storage.class)
	}
	values, err := readView(c.contents, v, element.Type.ReadFloats)
	if err != nil {
		return tensor.Tensor{}, fmt.Errorf("torchfile: tensor %q: %w", name, err)
	}
	return tensor.Tensor{Shape: slices.Clone(v.shape), Values: values}, nil
}

// Ints reads a tensor of integers, such as a batch counter, in row-major order.
func (c *Checkpoint) Ints(name string) ([]int64, error) {
	v, err := c.state.find(name)
	if err != nil {
		return nil, fmt.Errorf("torchfile: %w", err)
	}
	if v.storage.kind.IsFloat() || v.storage.kind == element.Unknown {
		return nil, fmt.Errorf("torchfile: tensor %q holds %s (%s), no integers", name, v.storage.kind, v.storage.class)
	}
	values, err := readView(c.contents, v, element.Type.ReadInts)
	if err != nil {
		return nil, fmt.Errorf("torchfile: tensor %q: %w", name, err)
	}
	return values, nil
}

// Meta returns what the top-level dict holds beside the tensors, under key.
func (c *Checkpoint) Meta(key string) (pickle.Value, bool) {
	d, ok := c.contents.root.(*pickle.Dict)
	if !ok || key == c.state.key {
		return nil, false
	}
	return d.Get(key)
}

// MetaKeys lists the keys of Meta.
func (c *Checkpoint) MetaKeys() []string {
	var keys []string
	if d, ok := c.contents.root.(*pickle.Dict); ok {
		for k := range d.All() {
			if key, ok := k.(string); ok && key != c.state.key {
				keys = append(keys, key)
			}
		}
	}
	return keys
}

// NumClasses returns the entry "num_classes"; ok is false where there is none.
func (c *Checkpoint) NumClasses() (n int, ok bool) {
	v, _ := c.Meta("num_classes")
	classes, ok := v.(int64)
	return int(classes), ok
}
