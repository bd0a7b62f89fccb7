package foreign

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sdl-batch/sdl-batch/model/onnxgraph/onnxpb"
)

// prune keeps what the output needs. That must be the input, and no other.
func (g *graph) prune(input, output string) error {
	if !slices.ContainsFunc(g.pb.GetOutput(), func(v *onnxpb.ValueInfoProto) bool { return v.GetName() == output }) {
		return fmt.Errorf("the graph has no output %q", output)
	}
	needed := g.ancestors(output)
	if err := g.onlyInput(input, output, needed); err != nil {
		return err
	}
	g.pb.Input, g.pb.Output, g.pb.ValueInfo = nil, nil, nil
	g.pb.Node = slices.DeleteFunc(g.pb.Node, func(n *onnxpb.NodeProto) bool { return !gives(n, needed) })
	g.pb.Initializer = slices.DeleteFunc(g.pb.Initializer, func(t *onnxpb.TensorProto) bool { return !needed[t.GetName()] || t.GetName() == input })
	g.pb.SparseInitializer = slices.DeleteFunc(g.pb.SparseInitializer, func(t *onnxpb.SparseTensorProto) bool {
		return !needed[t.GetValues().GetName()]
	})
	return nil
}

// ancestors are the names of all values that one value is computed from, and its
// own.
func (g *graph) ancestors(name string) map[string]bool {
	makers := map[string]*onnxpb.NodeProto{}
	for _, n := range g.pb.GetNode() {
		for _, out := range n.GetOutput() {
			makers[out] = n
		}
	}
	needed := map[string]bool{name: true}
	for open := []string{name}; len(open) > 0; {
		last := open[len(open)-1]
		open = open[:len(open)-1]
		if n := makers[last]; n != nil {
			eachUse(n, func(use string) {
				if use != "" && !needed[use] {
					needed[use] = true
					open = append(open, use)
				}
			})
		}
	}
	return needed
}

// onlyInput refuses a graph whose output does not come from the one input.
func (g *graph) onlyInput(input, output string, needed map[string]bool) error {
	constants := constantNames(g.pb)
	found := false
	var others []string
	for _, v := range g.pb.GetInput() {
		switch name := v.GetName(); {
		case name == input:
			found = true
		case needed[name] && !constants[name]:
			others = append(others, fmt.Sprintf("%q", name))
		}
	}
	switch {
	case !found:
		return fmt.Errorf("the graph has no input %q", input)
	case !needed[input]:
		return fmt.Errorf("the output %q does not depend on the input %q", output, input)
	case len(others) > 0:
		return fmt.Errorf("the output %q also needs the input %s: an image encoder takes images alone", output, strings.Join(others, " and "))
	}
	return nil
}

// gives tells whether a node computes something needed.
func gives(n *onnxpb.NodeProto, needed map[string]bool) bool {
	return slices.ContainsFunc(n.GetOutput(), func(name string) bool { return needed[name] })
}
