package onnxgraph

import (
	"fmt"

	"github.com/sdl-batch/sdl-batch/model/onnxgraph/onnxpb"
)

// Versions of the format that models are written in.
const (
	Opset     = 17
	irVersion = 8
	producer  = "sdl-batch"
)

// Value is the handle of one tensor of a graph: an input, a constant or the
// output of a node. It belongs to the builder that made it.
type Value struct {
	name     string
	shape    []int // of inputs and constants
	fixed    bool  // shape is known
	integers []int // of constants made by Ints
}

// Shape returns the lengths of the axes of an input or a constant. It is not
// known for an input with a free axis, nor for what a node computes.
func (v *Value) Shape() (shape []int, known bool) { return v.shape, v.fixed }

// Integers returns the elements of a constant that Ints made, else nil.
func (v *Value) Integers() []int { return v.integers }

// Node is one operator applied to values. An input may be nil where the
// operator has an optional one.
type Node struct {
	Op      string
	Domain  string // empty: the standard operators
	Inputs  []*Value
	Outputs []*Value
	Attrs   Attrs
}

// Builder collects a graph. Its zero value is not usable; see New.
type Builder struct {
	name            string
	prefix          string // of the names that the builder makes up
	nodes           []*Node
	constants       []*onnxpb.TensorProto
	inputs, outputs []*onnxpb.ValueInfoProto
	declared        []declaration
	named           map[*Value]bool // outputs of the graph
	count           int
	err             error
}

// New starts an empty graph.
func New(name string) *Builder { return &Builder{name: name, named: map[*Value]bool{}} }

// NewPart starts a graph that is to join another one: the names that the builder
// makes up begin with prefix.
func NewPart(name, prefix string) *Builder {
	b := New(name)
	b.prefix = prefix
	return b
}

// Input adds an input of the graph.
func (b *Builder) Input(name string, t ElementType, dims ...Dim) *Value {
	b.inputs = append(b.inputs, info(name, t, dims))
	v := &Value{name: name, fixed: true}
	for _, d := range dims {
		v.shape = append(v.shape, d.size)
		v.fixed = v.fixed && d.name == ""
	}
	return v
}

// Output makes v an output of the graph, called name, and returns it: v
// itself under its new name, or a copy where v is an output already or not a
// node's.
func (b *Builder) Output(name string, v *Value, t ElementType, dims ...Dim) *Value {
	if b.named[v] || !b.computed(v) {
		v = b.Identity(v)
	}
	v.name = name
	b.named[v] = true
	b.outputs = append(b.outputs, info(name, t, dims))
	return v
}

type declaration struct {
	value *Value
	info  func() *onnxpb.ValueInfoProto
}

// Declare states type and shape of a node's output, where the runtime would
// not find them out and could do more knowing them.
func (b *Builder) Declare(v *Value, t ElementType, dims ...Dim) {
	b.declared = append(b.declared, declaration{v, func() *onnxpb.ValueInfoProto { return info(v.name, t, dims) }})
}

// Node applies an operator and returns its outputs, as many as asked for. The
// methods of Builder are this with the operator's own words.
func (b *Builder) Node(op string, outputs int, attrs Attrs, inputs ...*Value) []*Value {
	n := &Node{Op: op, Inputs: inputs, Attrs: attrs}
	for range outputs {
		n.Outputs = append(n.Outputs, b.fresh("t"))
	}
	b.nodes = append(b.nodes, n)
	return n.Outputs
}

// Nodes returns the graph's operators, each behind those whose outputs it
// takes. The caller must not change them.
func (b *Builder) Nodes() []*Node { return b.nodes }

// String is the value's name in the model; empty for a nil value.
func (v *Value) String() string {
	if v == nil {
		return ""
	}
	return v.name
}

func (b *Builder) fresh(prefix string) *Value {
	b.count++
	return &Value{name: fmt.Sprintf("%s%s%d", b.prefix, prefix, b.count)}
}

func (b *Builder) computed(v *Value) bool {
	for _, n := range b.nodes {
		for _, out := range n.Outputs {
			if out == v {
				return true
			}
		}
	}
	return false
}

func (b *Builder) fail(format string, args ...any) {
	if b.err == nil {
		b.err = fmt.Errorf(format, args...)
	}
}
